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
from itertools import chain
from typing import TYPE_CHECKING
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
_MOST_FRESH = 500
"""Files scanned anew in each run before a new base is cheaper."""

_FORMAT = 3
Rows = list[list[bytes]]
"""Pieces of a table for each of :data:`_GROUPS`."""

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
        self._base_words: dict[int, Pieces] = {}
        self.loaded = False
        """Whether the base is that of an earlier run."""
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
        self.loaded = True
        self.base, self.fresh = base, fresh
        numbers = [self.number(path) for path in gone]
        self.gone = frozenset(number for number in numbers if number is not None)
        self._paths = base + fresh if fresh else base
        return True

    def number(self, path: str) -> int | None:
        """The number of a file of the base."""
        return position(self.base, path)

    def _group(self, group: str) -> list[Table]:
        self.open()
        if self._tables.get(group) is None:
            assert self._store is not None
            assert self.key is not None
            saved = [
                pieces.load(self._store, f"index-{group}", self.key + bytes([part]))
                for part in range(self._parts)
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
        rows, marks, words, _ = _scan(self._root, list(enumerate(self.fresh, len(self.base))))
        for path, (_, identity), own in zip(self.fresh, marks, words, strict=True):
            self.torn |= identity != self.identity(path)
            if self._store is not None:
                self._store.put("words", identity + path.encode(), marshal.dumps(own, 2))
        return [Table(text) for text in rows]

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
        part = number % self._parts
        words = self._base_words.get(part)
        if words is None:
            words = pieces.load(self._store, "index-words", self.key + bytes([part]))
            if words is None:
                return None
            self._base_words[part] = words
        try:
            own = words.get(2 * (number // self._parts), 2 * (number // self._parts) + 2)
        except pieces.DamagedError:
            return None
        at = words.starts[2 * (number // self._parts) + 1] - words.starts[2 * (number // self._parts)]
        return own[:at], own[at:]

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
        numbered = list(enumerate(files))
        expected = list(self._expected)
        results = spread(lambda part: _scan(root, part, expected), numbered, self._jobs)
        self._paths = files
        self.base, self.gone, self.fresh, self.key = [], frozenset(), [], None
        self._known = {}
        self._base_words.clear()
        for position, group in enumerate(_GROUPS):
            self._tables[group] = [Table(texts[position]) for texts, *_ in results]
        for word, *each in zip(expected, *(mentioned for *_, mentioned in results), strict=True):
            self.mentioned[word] = tuple(files[number] for number in sorted(chain.from_iterable(each)))
        if snapshot is None:
            return
        marks: dict[str, tuple[bytes, bytes]] = {}
        for part, (_, learnt, *_) in enumerate(results):
            marks.update(zip(files[part :: len(results)], learnt, strict=True))
        if not snapshot.known:
            snapshot.learn(marks)
        if store is None or len(results) > 255:
            return
        key = snapshot.digest
        if any(snapshot.identities.get(path) != marks[path][1] for path in files):
            self.torn = True  # a file was saved while we were reading
            return
        kept = all(
            table.save(store, f"index-{group}", key + bytes([part]))
            for group, tables in self._tables.items()
            for part, table in enumerate(tables)
        )
        for part, (_, _, words, _) in enumerate(results):
            _joined(words).save(store, "index-words", key + bytes([part]))
        known = snapshot.contents
        manifest = (_FORMAT, key, len(results), "\n".join(files), known)
        if kept and store.save("index", snapshot.name, marshal.dumps(manifest, 2)):
            self.base, self.key, self._parts, self._known = files, key, len(results), known


def _scan(
    root: str, part: Sequence[tuple[int, str]], expected: Sequence[str] = ()
) -> tuple[list[bytes], list[tuple[bytes, bytes]], list[Words], list[list[int]]]:
    """The tables of some files by their numbers, each one's signature and identity, and its words; for each
    of the words that are expected to be asked for, the numbers of the files that mention it.
    """
    rows: Rows = [[] for _ in _GROUPS]
    names, constants, stores = rows
    marks: list[tuple[bytes, bytes]] = []
    words: list[Words] = []
    mentioned: list[list[int]] = [[] for _ in expected]
    inside = finder(expected) if expected else None
    for number, path in part:
        data, mark, identity = examine(root, path)
        marks.append((mark, identity))
        for position in inside(data) if inside is not None else ():
            mentioned[position].append(number)
        if not data:
            words.append((b"", b""))
            continue
        own = array("I")
        for kind, found in scan.scan(path, data).items():
            if found:
                end = f"\t{kind}{number}\n".encode()
                (constants if kind in _CONSTANT_KINDS else names).append(end.join(found) + end)
                seed = _SEEDS[CONSTANTS if kind in _CONSTANT_KINDS else NAMES]
                own.extend([crc32(name, seed) for name in found])
        stored = scan.scan_stores(data)
        fields = array("I", [crc32(field, _SEEDS[STORES]) for field in stored])
        words.append((own.tobytes(), fields.tobytes()))
        if stored:
            end = f"\t>{number}\n".encode()
            stores.append(end.join(stored) + end)
    # One after the other: sorting is when the most memory is in use.
    return [pack(pieces) for pieces in rows], marks, words, mentioned


def _joined(words: Sequence[Words]) -> Pieces:
    """The words of some files: a piece for the names of each, and one for the fields."""
    starts = array("Q", [0])
    for pair in words:
        for each in pair:
            starts.append(starts[-1] + len(each))
    return Pieces(b"".join(each for pair in words for each in pair), starts)


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
