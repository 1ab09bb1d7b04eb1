"""The rows of an index: what one process finds in its share of the files, and how rows are told apart.

In: numbered files. Out: for each group of names a table's text, and the same rows file by file.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import NamedTuple
from zlib import crc32

from xxhash import xxh3_64_intdigest

from gfplint.cache.pieces import Pieces
from gfplint.kernel import scan
from gfplint.kernel.files import examine
from gfplint.kernel.search import finder
from gfplint.kernel.table import pack

NAMES, CONSTANTS, STORES = "names", "constants", "stores"
"""The groups of tables. Macros and enumerators, three rows in four, stand apart from the rest."""

GROUPS = (NAMES, CONSTANTS, STORES)
_TURN = 20
"""Files that each process scans in turn until the first one scans one more."""
Packed = tuple[bytes, bytes, bytes]
"""The text of a table; its rows file by file, and the length of those of each file: eight bytes each."""

_SEEDS = {NAMES: 1 << 40, CONSTANTS: 2 << 40, STORES: 3 << 40}
"""Seeds that differ in high bits: else short names that differ in one letter would have the same hash in two
groups.
"""
Words = tuple[bytes, bytes | None]
"""The names with rows in one file, and the fields it stores into: as hashes (:func:`word_hash`), eight
bytes each. None where nobody knows the fields."""


class Scanned(NamedTuple):
    """What one process has found in its files."""

    tables: list[Packed]
    """For each of the groups."""
    marks: list[tuple[bytes, bytes]]
    """Each file's signature and identity."""
    mentioned: list[list[int]]
    """For each word that was expected, the numbers of the files that mention it."""


class Rows:
    """Rows of a group, as they are found."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._sizes = array("Q")

    def add(self, rows: bytes) -> None:
        """Add those of a file."""
        self._pieces.append(rows)
        self._sizes.append(len(rows))

    def packed(self) -> Packed:
        """All of them."""
        text = b"".join(self._pieces)
        self._pieces.clear()
        return pack(text), text, self._sizes.tobytes()


def rows_for(names: Collection[bytes], kind: str, number: int) -> bytes:
    """A row for each name that a file has."""
    if not names:
        return b""
    end = f"\t{kind}{number}\n".encode()
    return end.join(names) + end


def scan_files(
    root: str, part: Sequence[tuple[int, str]], groups: Collection[str], expected: Sequence[str] = ()
) -> Scanned:
    """Scan some files, which have numbers."""
    rows = [Rows() for _ in groups]
    marks: list[tuple[bytes, bytes]] = []
    mentioned: list[list[int]] = [[] for _ in expected]
    inside = finder(expected) if expected else None
    stores = STORES in groups
    for number, path in part:
        data, mark, identity = examine(root, path)
        marks.append((mark, identity))
        found: list[bytes] = []
        constants: list[bytes] = []
        for each in inside(data) if inside is not None else ():
            mentioned[each].append(number)
        for kind, names in scan.scan(path, data).items():
            (constants if kind in CONSTANT_KINDS else found).append(rows_for(names, kind, number))
        rows[0].add(b"".join(found))
        rows[1].add(b"".join(constants))
        if stores:
            rows[2].add(rows_for(scan.scan_stores(data), ">", number))
    # One after the other: sorting is when the most memory is in use.
    return Scanned([each.packed() for each in rows], marks, mentioned)


def shares_of(files: int, jobs: int) -> list[list[int]]:
    """The numbers of the files that each process scans. The first has a little more to do: it would wait for
    what the others have found to come over.
    """
    jobs = max(1, min(jobs, files))
    shares: list[list[int]] = [[] for _ in range(jobs)]
    for number in range(files):
        shares[place_of(number, jobs)[0]].append(number)
    return shares


def place_of(number: int, jobs: int) -> tuple[int, int]:
    """Which share a file is in, and where there."""
    turn, at = divmod(number, _TURN * jobs + 1)
    if at == _TURN * jobs:
        return 0, turn * (_TURN + 1) + _TURN
    return at % jobs, turn * (_TURN + (at % jobs == 0)) + at // jobs


def pieces_of(text: bytes, sizes: bytes) -> Pieces:
    """The rows of some files, a piece for each."""
    return Pieces(text, array("Q", accumulate(array("Q", sizes), initial=0)))


def words_from(own: Sequence[bytes]) -> Words:
    """The words of a file from its rows, a text for each of :data:`GROUPS`, or for all but the last."""
    found = []
    for group, rows in zip(GROUPS, own, strict=False):
        seed = _SEEDS[group]
        words = [row[: row.index(b"\t")] for row in rows.splitlines()]
        found.append(array("Q", [xxh3_64_intdigest(word, seed) for word in words]).tobytes())
    return found[0] + found[1], found[2] if len(found) > 2 else None


def word_hash(group: str, name: str, folder: str = "") -> int:
    """64 bits for a name in a group, or for what files below a folder store into a field of that name."""
    value = xxh3_64_intdigest(name.encode(), _SEEDS[group])
    return hash_below(value, folder) if folder else value


def hash_below(value: int, folder: str) -> int:
    """The hash of a name made one for what files below a folder have of it."""
    return value ^ xxh3_64_intdigest(folder.encode(), _BELOW)


def path_hash(path: str) -> int:
    """32 bits for a file."""
    return crc32(path.encode(), 0x800001)


def rows_hash(group: str, name: str) -> int:
    """64 bits for the files with rows of a name."""
    return word_hash(group, name) ^ ROWS


def folders_of(path: str) -> list[str]:
    """The folders around a file; with a slash at its end, the one that it is directly in."""
    found = [path[: path.rfind("/") + 1]]
    at = path.find("/")
    while at > 0:
        found.append(path[:at])
        at = path.find("/", at + 1)
    return found


ROWS = 0x5BD1E9955BD1E995
_BELOW = 4 << 40
CONSTANT_KINDS = (scan.MACRO, scan.ENUMERATOR, scan.PASTED)
