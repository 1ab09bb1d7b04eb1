"""The tables behind an index: made by one scan of the tree, kept for later runs, corrected for what changed.

What comes in: the files of a tree, and with a snapshot their identities. What goes out: the rows of a name.
A scan is kept in the store as its *base*: the files with their identities, and a table for each group and
process. A later run maps the base as it is, leaves out the rows of files that are no longer what they were,
and scans only the *fresh* ones. When those become many, all is scanned anew.
"""

from __future__ import annotations

import marshal
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from gfplint.cache import pieces
from gfplint.cache.pieces import Pieces
from gfplint.kernel import scan
from gfplint.kernel.files import examine
from gfplint.kernel.search import finder
from gfplint.kernel.snapshot import Contents, identity_in
from gfplint.kernel.table import Table, pack
from gfplint.kernel.workers import spread

if TYPE_CHECKING:
    from gfplint.cache.store import Store
    from gfplint.kernel.snapshot import Snapshot

NAMES, CONSTANTS, STORES = "names", "constants", "stores"
"""The groups of tables. Macros and enumerators, three rows in four, stand apart from the rest."""

_GROUPS = (NAMES, CONSTANTS, STORES)
_MOST_FRESH = 3000
"""Files scanned anew in each run, 0.1 ms each. With more of them all is scanned, and no kept answer holds."""

_FORMAT = 4
_TURN = 20
"""Files that each process scans in turn until the first one scans one more."""
_Rows = tuple[bytes, bytes]
"""Rows of some files, and the length of those of each file: eight bytes each."""

_SEEDS = {NAMES: 0x1, CONSTANTS: 0x81, STORES: 0x8001}
"""Seeds that differ in bits that no letter has: else names that differ in their first letters would have the
same hash in two groups.
"""
Words = tuple[bytes, bytes]
"""The names with rows in one file, and the fields it stores into: as hashes (:func:`word_hash`), four bytes
each."""


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
            saved = [
                pieces.load(self._store, f"index-{group}", self._name(part)) for part in range(self._parts)
            ]
            if any(each is None for each in saved):
                self._scan_all()
            else:
                self._tables[group] = [Table(saved=each) for each in saved]
                self._tables[group].append(self._fresh_tables[_GROUPS.index(group)])
        return self._tables[group]

    @cached_property
    def _fresh_tables(self) -> list[Table]:
        """The tables of the fresh files, one for each group."""
        found = _scan(self._root, list(enumerate(self.fresh, len(self.base))))
        rows = [_pieces(*each) for each in found.own]
        for at, (path, (_, identity)) in enumerate(zip(self.fresh, found.marks, strict=True)):
            self.torn |= identity != self.identity(path)
            if self._store is not None:
                words = _words([each.get(at, at + 1) for each in rows])
                self._store.put("words", identity + path.encode(), marshal.dumps(words, 2))
        return [Table(text) for text in found.tables]

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
        part, at = _place(number, self._parts)
        own: list[bytes] = []
        for group in _GROUPS:
            rows = self._base_rows.get((group, part))
            if rows is None:
                rows = pieces.load(self._store, f"index-own-{group}", self._name(part))
                if rows is None:
                    return None
                self._base_rows[group, part] = rows
            try:
                own.append(rows.get(at, at + 1))
            except pieces.DamagedError:
                return None
        return _words(own)

    def asked_of(self, path: str) -> Iterable[tuple[str, str]]:
        """The groups and names of a file's rows as it is now."""
        data = examine(self._root, path)[0]
        if data:
            for kind, found in scan.scan(path, data).items():
                group = CONSTANTS if kind in _CONSTANT_KINDS else NAMES
                for name in found:
                    yield group, name.decode()
            for field in scan.scan_stores(data):
                yield STORES, field.decode()

    def _scan_all(self) -> None:
        """Scan every file, learn what is in it, and keep all that as the base."""
        root, files, snapshot, store = self._root, list(self._files), self._snapshot, self._store
        expected = list(self._expected)
        shares = _shares(len(files), self._jobs)
        parts = [
            _Scanned(*part)
            for part in spread(
                # What processes send each other must be plain tuples.
                lambda mine: _scan(root, [(number, files[number]) for number in mine[0]], expected)[:],
                shares,
                len(shares),
            )
        ]
        self._paths = files
        self.base, self.gone, self.fresh, self.key = [], frozenset(), [], None
        self._known = {}
        self._base_rows.clear()
        for number, group in enumerate(_GROUPS):
            self._tables[group] = [Table(part.tables[number]) for part in parts]
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
        store.later(lambda: self._save([part.own for part in parts]), aside=self._jobs > 1)

    def _save(self, own: Sequence[Sequence[_Rows]]) -> bool:
        """Keep the base, of which each part's rows by file are given; whether it worked."""
        store, snapshot, key = self._store, self._snapshot, self.key
        assert store is not None
        assert snapshot is not None
        assert key is not None
        manifest = (_FORMAT, key, self._parts, "\n".join(self.base), self._known)
        return (
            all(
                table.save(store, f"index-{group}", self._name(part))
                for group, tables in self._tables.items()
                for part, table in enumerate(tables)
            )
            and all(
                _pieces(*rows).save(store, f"index-own-{group}", self._name(part))
                for part, groups in enumerate(own)
                for group, rows in zip(_GROUPS, groups, strict=True)
            )
            and store.save("index", snapshot.name, marshal.dumps(manifest, 2))
        )


class _Scanned(NamedTuple):
    """What one process has found in its files."""

    tables: list[bytes]
    """For each of :data:`_GROUPS` its text."""
    own: list[_Rows]
    """The same rows file by file."""
    marks: list[tuple[bytes, bytes]]
    """Each file's signature and identity."""
    mentioned: list[list[int]]
    """For each word that was expected, the numbers of the files that mention it."""


def _scan(root: str, part: Sequence[tuple[int, str]], expected: Sequence[str] = ()) -> _Scanned:
    """Scan some files, which have numbers."""
    rows: list[list[bytes]] = [[] for _ in _GROUPS]
    names, constants, stores = rows
    sizes = [array("Q") for _ in _GROUPS]
    marks: list[tuple[bytes, bytes]] = []
    mentioned: list[list[int]] = [[] for _ in expected]
    inside = finder(expected) if expected else None
    for number, path in part:
        data, mark, identity = examine(root, path)
        marks.append((mark, identity))
        own = [0, 0, 0]
        if data:
            for each in inside(data) if inside is not None else ():
                mentioned[each].append(number)
            for kind, found in scan.scan(path, data).items():
                if found:
                    end = f"\t{kind}{number}\n".encode()
                    piece = end.join(found) + end
                    if kind in _CONSTANT_KINDS:
                        constants.append(piece)
                        own[1] += len(piece)
                    else:
                        names.append(piece)
                        own[0] += len(piece)
            stored = scan.scan_stores(data)
            if stored:
                end = f"\t>{number}\n".encode()
                piece = end.join(stored) + end
                stores.append(piece)
                own[2] = len(piece)
        for size, each in zip(sizes, own, strict=True):
            size.append(each)
    tables: list[bytes] = []
    plain: list[_Rows] = []
    for pieces_of, size in zip(rows, sizes, strict=True):
        # One after the other: sorting is when the most memory is in use.
        text = b"".join(pieces_of)
        pieces_of.clear()
        plain.append((text, size.tobytes()))
        tables.append(pack(text))
    return _Scanned(tables, plain, marks, mentioned)


def _shares(files: int, jobs: int) -> list[list[int]]:
    """The numbers of the files that each process scans. The first has a little more to do: it would wait for
    what the others have found to come over.
    """
    jobs = max(1, min(jobs, files))
    shares: list[list[int]] = [[] for _ in range(jobs)]
    for number in range(files):
        shares[_place(number, jobs)[0]].append(number)
    return shares


def _place(number: int, jobs: int) -> tuple[int, int]:
    """Which share a file is in, and where there."""
    turn, at = divmod(number, _TURN * jobs + 1)
    if at == _TURN * jobs:
        return 0, turn * (_TURN + 1) + _TURN
    return at % jobs, turn * (_TURN + (at % jobs == 0)) + at // jobs


def _pieces(text: bytes, sizes: bytes) -> Pieces:
    """The rows of some files, a piece for each."""
    return Pieces(text, array("Q", accumulate(array("Q", sizes), initial=0)))


def _words(own: Sequence[bytes]) -> Words:
    """The words of a file from its rows, a text for each of :data:`_GROUPS`."""
    found = [
        array("I", [crc32(row[: row.index(b"\t")], _SEEDS[group]) for row in rows.splitlines()]).tobytes()
        for group, rows in zip(_GROUPS, own, strict=True)
    ]
    return found[0] + found[1], found[2]


def position(paths: Sequence[str], path: str) -> int | None:
    """The position of a path in a sorted list."""
    at = bisect_left(paths, path)
    return at if at < len(paths) and paths[at] == path else None


def word_hash(group: str, name: str, folder: str = "") -> int:
    """32 bits for a name in a group, or for what files below a folder store into a field of that name."""
    value = crc32(name.encode(), _SEEDS[group])
    return crc32(b"@" + folder.encode(), value) if folder else value


def path_hash(path: str) -> int:
    """32 bits for a file."""
    return crc32(path.encode(), 0x800001)


def rows_hash(group: str, name: str) -> int:
    """32 bits for the files with rows of a name."""
    return word_hash(group, name) ^ ROWS


def folders_of(path: str) -> list[str]:
    """The folders around a file; with a slash at its end, the one that it is directly in."""
    found = [path[: path.rfind("/") + 1]]
    at = path.find("/")
    while at > 0:
        found.append(path[:at])
        at = path.find("/", at + 1)
    return found


ROWS = 0x5BD1E995
_CONSTANT_KINDS = (scan.MACRO, scan.ENUMERATOR, scan.PASTED)
