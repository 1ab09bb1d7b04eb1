"""The tables behind an index: made by one scan of the tree, kept for later runs, corrected for what changed.

What comes in: the files of a tree, and with a snapshot their identities. What goes out: the rows of a name.
A scan is kept in the store as its *base*: the files with their identities, and a table for each group and
process. A later run maps the base as it is, leaves out the rows of files that are no longer what they were,
and scans only the *fresh* ones. When those become many, all is scanned anew.

Stores into fields are a fourth of the scan, and a run on a few files asks for ten fields: for such a run the
table of stores is left out, and files are searched for fields instead.
"""

from __future__ import annotations

import marshal
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from gfplint.cache import pieces
from gfplint.cache.pieces import Pieces
from gfplint.kernel import scan
from gfplint.kernel.files import examine
from gfplint.kernel.rows import (
    CONSTANT_KINDS,
    CONSTANTS,
    GROUPS,
    NAMES,
    STORES,
    Packed,
    Rows,
    Scanned,
    Words,
    pieces_of,
    place_of,
    rows_for,
    scan_files,
    shares_of,
    words_from,
)
from gfplint.kernel.snapshot import Contents, identity_in
from gfplint.kernel.table import Table
from gfplint.kernel.workers import spread

if TYPE_CHECKING:
    from gfplint.cache.store import Store
    from gfplint.kernel.snapshot import Snapshot

_MOST_FRESH = 3000
"""Files scanned anew in each run, 0.1 ms each. With more of them all is scanned, and no kept answer holds."""

_FORMAT = 4


class Tables:
    """The rows of all names in ``files`` below ``root``. Nothing is read before the first question.

    Without a store there is no base: everything is scanned. Files are numbered: first those of the base
    (``base``, of which ``gone`` are no longer what they were), then the ``fresh`` ones.
    """

    def __init__(
        self,
        root: str,
        files: Sequence[str],
        jobs: int,
        snapshot: Snapshot | None = None,
        store: Store | None = None,
    ) -> None:
        self._root = root
        self._files = files
        self._jobs = jobs
        self._snapshot = snapshot
        self._store = store
        self._paths: list[str] = []
        self._tables: dict[str, list[Table]] = {}
        self._parts = 0
        self.base: list[str] = []
        self.gone: frozenset[int] = frozenset()
        self.fresh: list[str] = []
        self.key: bytes | None = None
        """What tells this base from others; None where none is kept."""
        self.eager = True
        """Whether a scan is to find stores, too."""
        self.keeps_stores = False
        """Whether the base says which stores each of its files has."""
        self._looked = False
        self._known: Contents = {}
        """What was in the base, by folder."""
        self._base_rows: dict[tuple[str, int], Pieces] = {}
        """By group and part, the rows of each file."""
        self.torn = False
        """Whether a file was saved between the beginning of the run and when it was scanned or searched."""
        self._expected: dict[str, None] = {}
        self.mentioned: dict[str, tuple[str, ...]] = {}
        """For each word that was expected before the tree was scanned: its files, sorted."""

    def expect(self, words: Iterable[str]) -> None:
        """If the tree is going to be scanned, look for these words, too."""
        self._expected.update(dict.fromkeys(words))

    def rows(self, group: str, name: bytes) -> list[tuple[str, str]]:
        """(path, kind) of every row of a name."""
        try:
            return self._rows(group, name)
        except pieces.DamagedError:
            self.eager |= group == STORES
            self._scan_all()
            return self._rows(group, name)

    def _rows(self, group: str, name: bytes) -> list[tuple[str, str]]:
        tables = self._tables.get(group)
        if tables is None:
            tables = self._group(group)
        paths, gone = self._paths, self.gone
        return [
            (paths[number], chr(value[0]))
            for table in tables
            for value in table.get(name)
            if (number := int(value[1:])) not in gone
        ]

    def open(self) -> None:
        """Find or make the base now."""
        if not self._paths and not self._load():
            self._scan_all()

    # ------------------------------------------------------------------------------------ base

    @property
    def identities(self) -> Mapping[str, bytes]:
        """What the files' contents were when the run began; empty where nobody knows."""
        return self._snapshot.identities if self._snapshot is not None else {}

    def identity(self, path: str) -> bytes | None:
        """What a file's content was when the run began; None where nobody knows, or there is no such file."""
        return self._snapshot.identity(path) if self._snapshot is not None else None

    def _load(self) -> bool:
        """Take over the base of an earlier run, if there is one and little has changed."""
        snapshot, store = self._snapshot, self._store
        if snapshot is None or store is None or not snapshot.known:
            return False
        data = store.load("index", snapshot.name)
        if data is None:
            return False
        version, *manifest = marshal.loads(data)
        if version != _FORMAT:
            return False
        key, parts, joined, known = manifest
        base: list[str] = joined.split("\n") if joined else []
        gone: list[str] = []
        fresh: list[str] = []
        if key != snapshot.digest:
            gone, fresh = snapshot.compare(known)
            fresh = [path for path in fresh if position(self._files, path) is not None]
        if len(fresh) > _MOST_FRESH:
            return False
        self._parts, self._known, self.key = parts, known, key
        self.base, self.fresh = base, fresh
        numbers = [self.number(path) for path in gone]
        self.gone = frozenset(number for number in numbers if number is not None)
        self._paths = base + fresh if fresh else base
        if self.eager and self._saved(STORES) is None:
            self._paths = []
            return False
        return True

    def _name(self, part: int) -> bytes:
        """What a part is kept under: runs with more or fewer processes cut the same tree in other parts."""
        assert self.key is not None
        return self.key + bytes([self._parts, part])

    def number(self, path: str) -> int | None:
        """The number of a file of the base."""
        return position(self.base, path)

    def _group(self, group: str) -> list[Table]:
        self.open()
        if self._tables.get(group) is None:
            assert self._store is not None
            assert self.key is not None
            if not self._take_saved(group):
                self.eager |= group == STORES
                self._scan_all()
        return self._tables[group]

    def _take_saved(self, group: str) -> bool:
        """Have the tables of a group from the base and the fresh files, if the base has them all."""
        saved = self._saved(group)
        if saved is not None:
            self._tables[group] = [*saved, self._fresh_tables[GROUPS.index(group)]]
        return saved is not None

    def _saved(self, group: str) -> list[Table] | None:
        """The tables of a group in the base, if they are all there."""
        assert self._store is not None
        saved = [pieces.load(self._store, f"index-{group}", self._name(part)) for part in range(self._parts)]
        return [Table(saved=each) for each in saved if each is not None] if None not in saved else None

    @cached_property
    def _fresh_tables(self) -> list[Table]:
        """The tables of the fresh files, one for each group."""
        found = scan_files(self._root, list(enumerate(self.fresh, len(self.base))), GROUPS)
        rows = [pieces_of(*each[1:]) for each in found.tables]
        for at, (path, (_, identity)) in enumerate(zip(self.fresh, found.marks, strict=True)):
            self.torn |= identity != self.identity(path)
            if self._store is not None:
                words = words_from([each.get(at, at + 1) for each in rows])
                self._store.put("words", identity + path.encode(), marshal.dumps(words, 2))
        return [Table(each[0]) for each in found.tables]

    # ------------------------------------------------------------------------------------ stores

    @property
    def has_stores(self) -> bool:
        """Whether :meth:`rows` has those of :data:`STORES`."""
        self.open()
        if STORES not in self._tables and not self._looked:
            self._looked = True
            if self.key is not None and self._take_saved(STORES):
                self.keeps_stores = True
        return STORES in self._tables

    def scan_stores(self) -> None:
        """Find the stores of all files now, if the scan has left them out."""
        if self.has_stores:
            return
        root, store, gone = self._root, self._store, self.gone
        files = self.base or self._paths
        identities = self.identities if self.key is not None else {}
        shares = shares_of(len(files), self._parts or self._jobs)

        def work(mine: Sequence[list[int]]) -> tuple[bytes, bytes, bytes, int]:
            found = Rows()
            others = 0
            for number in mine[0]:
                data = b""
                if number not in gone:
                    data, _, identity = examine(root, files[number])
                    others += bool(identities) and identities.get(files[number]) != identity
                found.add(rows_for(scan.scan_stores(data), ">", number))
            return *found.packed(), others

        parts = spread(work, shares, len(shares))
        self._tables[STORES] = [Table(each[0]) for each in parts]
        if self.fresh:
            self._tables[STORES].append(self._fresh_tables[GROUPS.index(STORES)])
        others = sum(each[3] for each in parts)
        self.torn |= bool(others)
        if store is None or self.key is None or gone or others:
            return
        self.keeps_stores = True
        store.later(lambda: self._save(STORES, [each[:3] for each in parts]), aside=self._jobs > 1)

    # --------------------------------------------------------------------------------- changes

    @property
    def changed(self) -> dict[str, bytes]:
        """The files that aren't as in the base, with their identities: empty for those that are gone."""
        paths = [*self.fresh, *(self.base[number] for number in self.gone)]
        found = {path: self.identity(path) or b"" for path in paths}
        if found:
            self._fresh_tables  # noqa: B018 - so that their words are kept
        return found

    def in_base(self, path: str) -> bytes:
        """The identity that a file had in the base, empty where there was none."""
        return identity_in(self._known, path) or b"" if self.number(path) is not None else b""

    def words_of(self, path: str, identity: bytes) -> Words | None:
        """The words of a file when it had this identity; None where nobody knows them."""
        if not identity:
            return b"", b""
        if self._store is None or self.key is None:
            return None
        if identity != self.in_base(path):
            data = self._store.get("words", identity + path.encode())
            return marshal.loads(data) if data is not None else None
        number = self.number(path)
        assert number is not None
        part, at = place_of(number, self._parts)
        own: list[bytes] = []
        for group in GROUPS:
            rows = self._base_rows.get((group, part))
            if rows is None:
                rows = pieces.load(self._store, f"index-own-{group}", self._name(part))
                if rows is None and group == STORES:
                    break
                if rows is None:
                    return None
                self._base_rows[group, part] = rows
            try:
                own.append(rows.get(at, at + 1))
            except pieces.DamagedError:
                return None
        return words_from(own)

    def asked_of(self, path: str) -> Iterable[tuple[str, str]]:
        """The groups and names of a file's rows as it is now."""
        data = examine(self._root, path)[0]
        if data:
            for kind, found in scan.scan(path, data).items():
                group = CONSTANTS if kind in CONSTANT_KINDS else NAMES
                for name in found:
                    yield group, name.decode()
            for field in scan.scan_stores(data):
                yield STORES, field.decode()

    def _scan_all(self) -> None:
        """Scan every file, learn what is in it, and keep all that as the base."""
        root, files, snapshot, store = self._root, list(self._files), self._snapshot, self._store
        expected, groups = list(self._expected), GROUPS[: 3 if self.eager else 2]
        shares = shares_of(len(files), self._jobs)

        def work(mine: Sequence[list[int]]) -> tuple[Any, ...]:
            # What processes send each other must be plain tuples.
            return scan_files(root, [(number, files[number]) for number in mine[0]], groups, expected)[:]

        parts = [Scanned(*part) for part in spread(work, shares, len(shares))]
        self._paths = files
        self.base, self.gone, self.fresh, self.key = [], frozenset(), [], None
        self._known = {}
        self._base_rows.clear()
        self.keeps_stores, self._looked = False, True
        self._tables = {
            group: [Table(part.tables[number][0]) for part in parts] for number, group in enumerate(groups)
        }
        for word, *each in zip(expected, *(part.mentioned for part in parts), strict=True):
            self.mentioned[word] = tuple(files[number] for number in sorted(chain.from_iterable(each)))
        if snapshot is None:
            return
        marks: dict[str, tuple[bytes, bytes]] = {}
        for share, part in zip(shares, parts, strict=True):
            marks.update(zip([files[number] for number in share], part.marks, strict=True))
        if not snapshot.known:
            snapshot.learn(marks)
        elif any(snapshot.identities.get(path) != marks[path][1] for path in files):
            self.torn = True  # a file was saved while we were reading
            return
        if store is None or len(parts) > 255:
            return
        self.base, self.key, self._parts, self._known = files, snapshot.digest, len(parts), snapshot.contents
        self.keeps_stores = self.eager
        manifest = (_FORMAT, self.key, self._parts, "\n".join(files), self._known)
        found = {group: [part.tables[number] for part in parts] for number, group in enumerate(groups)}
        store.later(
            lambda: (
                all(self._save(group, each) for group, each in found.items())
                and store.save("index", snapshot.name, marshal.dumps(manifest, 2))
            ),
            aside=self._jobs > 1,
        )

    def _save(self, group: str, found: Iterable[Packed]) -> bool:
        """Keep the tables of a group of the base; whether it worked."""
        store = self._store
        assert store is not None
        return all(
            pieces_of(rows, sizes).save(store, f"index-own-{group}", self._name(part))
            and table.save(store, f"index-{group}", self._name(part))
            for part, (table, (_, rows, sizes)) in enumerate(zip(self._tables[group], found, strict=False))
        )


def position(paths: Sequence[str], path: str) -> int | None:
    """The position of a path in a sorted list."""
    at = bisect_left(paths, path)
    return at if at < len(paths) and paths[at] == path else None
