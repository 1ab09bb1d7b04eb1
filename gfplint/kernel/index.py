"""Where in a tree a name is defined, stored into or mentioned.

What comes in: the root and the files of a tree. What goes out: :class:`Site` tuples, which are candidates
(a regular expression found them; see :mod:`~gfplint.kernel.scan`), and files that mention a word.

The first question scans every file once, on ``jobs`` processes, or takes what an earlier run found
(:mod:`~gfplint.kernel.tables`). Offsets aren't kept: they are found when a name is asked for, in a file that
the caller is about to read anyway. Answers don't depend on ``jobs``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gfplint.errors import SourceError
from gfplint.kernel import scan
from gfplint.kernel.files import list_files
from gfplint.kernel.mentions import Mentions
from gfplint.kernel.ranking import GENERIC, OWN, is_public, rank, standing
from gfplint.kernel.rows import CONSTANTS, NAMES
from gfplint.kernel.storing import Storing
from gfplint.kernel.tables import Tables, position
from gfplint.kernel.trace import Trace, digest

if TYPE_CHECKING:
    from gfplint.cache.store import Store
    from gfplint.kernel.snapshot import Snapshot

_CONSTANTS = frozenset({"macro", "enumerator"})


@dataclass(frozen=True, slots=True)
class Site:
    """A place where ``name`` may be defined.

    ``kind`` is ``function``, ``macro``, ``record``, ``enum``, ``typedef``, ``variable``, ``prototype``,
    ``enumerator`` or ``store``. ``offset`` is that of the name, in bytes from the start of the file.
    """

    name: str
    kind: str
    path: str
    offset: int
    static: bool


class Index:
    """Definitions, stores and mentions of names in the C files of one tree.

    ``root`` is an absolute path; ``files`` the relative paths to cover. ``read`` returns a file's bytes and
    may keep them; it raises ``OSError`` or a :class:`~gfplint.errors.SourceError`, and such a file defines
    nothing. ``arch`` is the architecture that :meth:`ranked` prefers. ``snapshot`` learns what the
    scan reads, ``beyond`` is called where a question is about others.
    """

    def __init__(
        self,
        root: str,
        files: Sequence[str],
        read: Callable[[str], bytes],
        arch: str,
        jobs: int,
        snapshot: Snapshot | None = None,
        store: Store | None = None,
        beyond: Callable[[], None] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.root = root
        self.files = files
        self.arch = arch
        self.jobs = jobs
        self._beyond = beyond
        self._trace = trace or Trace(False)
        self._read = read
        self.tables = Tables(root, files, jobs, snapshot, store)
        self._searches = Mentions(root, jobs, self.tables, store)
        self.storing = Storing(root, self._inside, self.tables, self._searches, store)
        self._sites: dict[tuple[str, str], tuple[dict[str, tuple[Site, ...]], int]] = {}
        self._store_sites: dict[tuple[str, str], tuple[tuple[Site, ...], int]] = {}
        self._mentions: dict[tuple[str, str], tuple[str, ...]] = {}
        self._outside: set[str] = set()
        self._many: dict[tuple[str, int], bool] = {}

    # ------------------------------------------------------------------------------- definitions

    def functions(self, name: str) -> tuple[Site, ...]:
        """Functions with a body: those with external linkage, and all in headers."""
        return self._of_kind(name, "function")

    def macros(self, name: str) -> tuple[Site, ...]:
        """``#define NAME`` and ``#define NAME(…)`` in headers; a ``.c`` file's own are its own affair."""
        return self._of_kind(name, "macro")

    def records(self, tag: str) -> tuple[Site, ...]:
        """``struct tag {`` and ``union tag {`` in headers."""
        return self._of_kind(tag, "record")

    def typedefs(self, name: str) -> tuple[Site, ...]:
        """``typedef … name;`` in headers."""
        return self._of_kind(name, "typedef")

    def enums(self, tag: str) -> tuple[Site, ...]:
        """``enum tag {`` in headers."""
        return self._of_kind(tag, "enum")

    def variables(self, name: str) -> tuple[Site, ...]:
        """Variables with external linkage: definitions, and ``extern`` declarations in headers."""
        return self._of_kind(name, "variable")

    def enumerators(self, name: str) -> tuple[Site, ...]:
        """Constants of enums in headers."""
        return self._of_kind(name, "enumerator")

    def pasted(self, name: str) -> tuple[str, ...]:
        """Headers with a list of enumerators written by macros that may paste ``name`` together."""
        begin = name.encode()
        found: set[str] = set()
        at = begin.find(b"_") + 1
        while at:
            rows = self._rows(CONSTANTS, name[:at])
            found.update(path for path, kind in rows if kind == scan.PASTED)
            at = begin.find(b"_", at) + 1
        return tuple(sorted(found))

    def prototypes(self, name: str) -> tuple[Site, ...]:
        """Declarations of functions in headers."""
        return self._of_kind(name, "prototype")

    def _of_kind(self, name: str, kind: str) -> tuple[Site, ...]:
        group = CONSTANTS if kind in _CONSTANTS else NAMES
        kinds, known = self._located(name, group)
        self._trace.leaf("name", group, name, known)
        return kinds.get(kind, ())

    def _located(self, name: str, group: str) -> tuple[dict[str, tuple[Site, ...]], int]:
        """All sites of a name by kind, sorted by path and offset, and their digest."""
        known = self._sites.get((name, group))
        if known is None:
            kinds = self._locate(name, group)
            # Not where in a file: who goes there rests on the item, wherever it is found to be.
            plain = [
                (kind, [(site.path, site.static) for site in sites]) for kind, sites in sorted(kinds.items())
            ]
            known = self._sites[name, group] = kinds, digest(plain)
        return known

    def _locate(self, name: str, group: str) -> dict[str, tuple[Site, ...]]:
        word = name.encode()
        found: dict[str, set[Site]] = {}
        outer = self._trace.enter()  # what is found in these files is in the digest
        for path, kind in self.tables.rows(group, word):
            if kind == scan.PASTED:
                continue
            kind_word = scan.KIND_WORDS[kind]
            for offset, static in scan.locate(self._data(path), word, kind):
                found.setdefault(kind_word, set()).add(Site(name, kind_word, path, offset, static))
        self._trace.leave(outer)
        return {kind: tuple(sorted(sites, key=_order)) for kind, sites in found.items()}

    def _rows(self, group: str, name: str) -> list[tuple[str, str]]:
        rows = self.tables.rows(group, name.encode())
        if self._trace.on:
            self._trace.leaf("rows", group, name, digest(sorted(rows)))
        return rows

    def _data(self, path: str) -> bytes:
        try:
            return self._read(path)
        except (OSError, SourceError):
            return b""

    # ------------------------------------------------------------------------------------ stores

    def stores(self, field: str, under: str = "") -> tuple[Site, ...]:
        """Places that store a plain identifier (one not all in capitals, or its address) into a field of that
        name: ``.field = value`` in an initialiser or an assignment, ``->field = value``. ``.c`` files too;
        all of them, or those below the folder ``under``; with a slash at its end, those directly in it.
        """
        sites, known = self._stores(field, under)
        self._trace.leaf("near", field, under, known)
        return sites

    def stores_in(self, path: str, field: str) -> list[Site]:
        """The stores in one file. What rests on them must rest on the items that they are in."""
        outer = self._trace.enter()
        offsets = scan.locate_stores(self._data(path), field.encode())
        self._trace.leave(outer)
        return [Site(field, "store", path, offset, False) for offset in offsets]

    def _stores(self, field: str, under: str) -> tuple[tuple[Site, ...], int]:
        """The stores, and a digest of which files have them and what they store."""
        key = (field, under)
        known = self._store_sites.get(key)
        if known is None:
            word = field.encode()
            start = f"{under.rstrip('/')}/" if under else ""
            directly = under.endswith("/")
            outer = self._trace.enter()  # what is found in these files is in the digest
            found: list[Site] = []
            plain: list[object] = []
            for path in self.storing.files(field, start[:-1]):
                if path.startswith(start) and not (directly and path.find("/", len(start)) >= 0):
                    data = self._data(path)
                    offsets = scan.locate_stores(data, word)
                    found += [Site(field, "store", path, offset, False) for offset in offsets]
                    if self._trace.on and offsets:
                        # As with names: not where in a file.
                        plain.append((path, [scan.stored_words(data, at + len(word)) for at in offsets]))
            self._trace.leave(outer)
            self._check()
            plain.sort()
            known = self._store_sites[key] = tuple(sorted(found, key=_order)), digest(plain)
        return known

    def stores_when_asked(self) -> None:
        """If the tree is going to be scanned, leave out the stores: few will be asked for."""
        self.tables.eager = False

    def scan_stores(self) -> None:
        """Many stores will be asked for."""
        self.tables.scan_stores()

    def defining(self, name: str, *kinds: str) -> frozenset[str]:
        """The files that have definitions of these kinds, of a name; nothing is read."""
        groups = sorted({CONSTANTS if kind in _CONSTANTS else NAMES for kind in kinds})
        return frozenset(
            path
            for group in groups
            for path, kind in self._rows(group, name)
            if scan.KIND_WORDS[kind] in kinds
        )

    def many_stores(self, field: str, most: int) -> bool:
        """Whether there are more than ``most`` of the :meth:`stores`."""
        self._trace.leaf("many", field, most)
        known = self._many.get((field, most))
        if known is None:
            known = self.storing.many(field, most)
            if not known:
                word = field.encode()
                left = most
                outer = self._trace.enter()
                for path in self.storing.files(field, ""):
                    left -= len(scan.locate_stores(self._data(path), word))
                    if left < 0:
                        break
                self._trace.leave(outer)
                known = left < 0
            self._many[field, most] = known
            self._check()
        return known

    def again(self, kind: str, where: str, name: str) -> int:
        """The digest of the answer to a question that leads to a leaf of this kind."""
        if kind == "name":
            return self._located(name, where)[1]
        if kind == "rows":
            return digest(sorted(self.tables.rows(where, name.encode())))
        return self._stores(name, where)[1]

    # ---------------------------------------------------------------------------------- building

    def build(self) -> None:
        """Scan the tree now, or fetch what an earlier run found, instead of at the first question."""
        self.tables.open()

    # ---------------------------------------------------------------------------------- mentions

    def expect(self, words: Iterable[str]) -> None:
        """Somebody will probably ask for the :meth:`mentions` of these words in all files: the scan, or the
        next search, is for them too. No answer rests on that.
        """
        self._searches.expect(words)

    def expect_of(self, words: Callable[[], Iterable[str]]) -> None:
        """As :meth:`expect`, of words that cost something to be told: asked when all files are searched."""
        self._searches.expected_of.append(words)

    def mentions(
        self, words: Iterable[str], under: str = "", *, headers: bool = False
    ) -> dict[str, tuple[str, ...]]:
        """For each word the sorted files, at or below ``under``, that contain it as a whole identifier; only
        ``headers`` where nothing else is of interest.

        Ask for many words at once: reading the tree is what costs. Words in comments and strings count.
        """
        asked = list(dict.fromkeys(words))
        under = under.strip("/")
        place = f"{under}/*.h" if headers else under
        for word in asked:
            self._trace.leaf("word", word, place)
        missing = [word for word in asked if (word, place) not in self._mentions]
        if missing:
            paths = self._below(under)
            if headers:
                paths = [path for path in paths if path.endswith(".h")]
            covered = under not in self._outside
            for word, files in self._searches.find(missing, place, paths, covered).items():
                self._mentions[word, place] = files
            self._check()
        if under in self._outside:
            self._trace.leaf("beyond", under)
        return {word: self._mentions[word, place] for word in asked}

    def _check(self) -> None:
        """Let others know where a file isn't as it was when the run began."""
        if self.tables.torn and self._beyond is not None:
            self._beyond()

    def __contains__(self, path: str) -> bool:
        """Whether the index covers a file."""
        return position(self.files, path) is not None

    def _below(self, under: str) -> Sequence[str]:
        if not under:
            return self.files
        inside = self._inside(under)
        if inside:
            return inside
        self._outside.add(under)
        if self._beyond is not None:
            self._beyond()
        if under.endswith((".c", ".h")):
            return [under]
        return list_files(self.root, under)

    def _inside(self, under: str) -> Sequence[str]:
        """The files of the index at or below a folder."""
        if not under:
            return self.files
        # The list is sorted: what begins with the folder's name is one stretch of it.
        start = bisect_left(self.files, under + "/")
        stop = bisect_left(self.files, under + "0")  # '0' is the character behind '/'
        return self.files[start:stop]

    # ----------------------------------------------------------------------------------- ranking

    def ranked(self, sites: Iterable[Site], from_path: str) -> tuple[Site, ...]:
        """The sites that ``from_path`` may mean, likeliest first; see :func:`gfplint.kernel.ranking.rank`."""
        return rank(sites, from_path, self.arch)

    def replaces(self, name: str, macro_path: str, from_path: str) -> bool:
        """Whether a macro of ``macro_path`` is no macro for ``from_path`` because a function of that name is
        declared nearer: the architecture's own instead of asm-generic's macro, anyone's instead of another
        architecture's, the driver's own instead of a macro in a header that belongs to another one.
        """
        far = standing(macro_path, from_path, self.arch)
        if far < GENERIC:
            return not is_public(macro_path) and self._nearer(name, macro_path, from_path)
        most = OWN if far == GENERIC else GENERIC
        rivals = (*self.functions(name), *self.prototypes(name))
        return any(
            site.path.endswith(".h") and standing(site.path, from_path, self.arch) <= most
            for site in self.ranked(rivals, from_path)
        )

    def _nearer(self, name: str, macro_path: str, from_path: str) -> bool:
        """Whether a header nearer than the macro's defines or declares a function of that name."""
        rivals = [
            site for site in (*self.functions(name), *self.prototypes(name)) if site.path.endswith(".h")
        ]
        if not rivals or any(site.path == macro_path for site in rivals):
            return False
        macros = [site for site in self.macros(name) if site.path == macro_path]
        return bool(macros) and self.ranked([*rivals, *macros], from_path)[0].path != macro_path

    @cached_property
    def loop_macros(self) -> frozenset[str]:
        """Names of for-each macros, from the ``ForEachMacros`` of the tree's ``.clang-format``."""
        text = self._data(".clang-format").decode("utf-8", "replace")
        _, _, after = text.partition("\nForEachMacros:")
        names: set[str] = set()
        for line in after.splitlines()[1:]:
            entry = line.strip()
            if entry.startswith("- "):
                names.add(entry[2:].strip().strip("'\""))
            elif entry and not entry.startswith("#"):
                break
        return frozenset(names)


def _order(site: Site) -> tuple[str, int]:
    return site.path, site.offset
