"""Which callbacks of reclaim may wait for one of some locks: by names, backwards, before any is followed.

In: classes of locks and the registered callbacks. Out: those of the callbacks from which a function can be
reached whose text takes one of the locks; a superset, or None where the ways back get too many to be
followed. From what mentions a lock the search goes to what mentions that, and so on: callers, macros, tables
of functions, and from the fields that functions are stored in to the calls through these fields, as
:mod:`gfplint.program.pointers` follows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.lock_places import LockPlaces, Name, Place, TooManyError
from gfplint.analysis.summary import LockClass
from gfplint.frontend.made import Made
from gfplint.frontend.source import Item, ItemKind
from gfplint.kernel.words import any_of, either
from gfplint.program.kept import KeptWork, Key
from gfplint.program.pointers import FAR_SITES, FAR_TARGETS
from gfplint.program.registrations import Registered
from gfplint.program.stores import is_near

_MOST_FILES = 150
"""Files that are looked into before the search is given up: then following all callbacks costs no more."""
_MOST_SEARCHES = 8
"""Searches of the tree for names of functions, the same."""
_TARGET = rb"(?:->|\.)\s*(\w+)\s*(?:\[[^\]\n]*\]\s*)?=(?!=)"
_FIELD_TARGET = re.compile(_TARGET)
_PLAIN_TARGET = re.compile(rb"(?<![\w.>])(\w+)\s*(?:\[[^\]\n]*\]\s*)?=(?!=)[^=;{}]*\Z")
_MENTIONING = (ItemKind.FUNCTION, ItemKind.MACRO, ItemKind.VARIABLE, ItemKind.GUARD)

_INIT = re.compile(rb"\b__(?:init|exit)\b")
"""A function that is gone when the kernel has started: only its like call it by name."""
_LVALUE = re.compile(rb"[\w>\-.\[\]\s]*\Z")
_TEST = re.compile(rb"(?:\bif\s*\(|!|&&|\|\|)\s*\Z")
_TESTED = re.compile(rb"\s*(?:\)|&&|\|\|)")

_KEPT = re.compile(rb"->\s*[\w.]+\s*=\s*&?\Z")

_Matching = tuple[Item, bytes, int, int, list[re.Match[bytes]]]
"""An item, the text that it is in, where it begins and ends there, and what matches in it."""


class WaysBack:
    """Asks for one program and the callbacks of one run."""

    def __init__(
        self, evaluator: Evaluator, registered: Iterable[Registered], kept: KeptWork | None = None
    ) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._index = evaluator.program.tree.index
        self._kept = kept or KeptWork(evaluator.program)
        self._callbacks: dict[tuple[str, int], set[Registered]] = {}
        self._homes: dict[str, set[Registered]] = {}
        for each in registered:
            ref = each.callback
            self._callbacks.setdefault((ref.path, ref.start), set()).add(each)
            self._homes.setdefault(ref.path.rpartition("/")[0], set()).add(each)
        self._found: set[Registered] = set()
        self._seen: set[Name] = set()
        self._files: set[str] = set()
        self._stored: set[tuple[str, str, str]] = set()
        self._pending: list[tuple[str, Item, str]] = []
        """(file, what stores there, field), as long as nobody has asked whether calls come from afar."""
        self._searches = 0
        self._tables: dict[Name, set[str]] = {}

    def waiting(self, locks: Sequence[LockClass]) -> list[Registered] | None:
        """The callbacks that may wait for one of the locks, sorted; None where that could be any of them."""
        try:
            self._follow(locks)
        except TooManyError:
            return None
        return sorted(self._found)

    def fact(self, name: str) -> bytes:
        """What an answer was told about a field (``tag.field``), as it is now: for the cache."""
        tag, _, field = name.partition(".")
        return str(self._stored_in(tag, field)).encode()

    def expected(self, locks: Sequence[LockClass]) -> set[str]:
        """The words that the first search of the tree is for, and headers that the second may be for. Nobody
        may rest on that.
        """
        trace = self._program.tree.trace
        outer = trace.enter()
        try:
            places = LockPlaces(self._program, locks)
            fresh = self._look_into(places.at_home())
            return places.words() | _everywhere(fresh) | places.headers()
        except TooManyError:
            return set()
        finally:
            trace.leave(outer)

    def _follow(self, locks: Sequence[LockClass]) -> None:
        begin = LockPlaces(self._program, locks)
        fresh = self._look_into(begin.at_home())
        found = self._search(fresh, begin.words())
        places = [*begin.elsewhere(found), *_places(fresh, found)]
        while places:
            fresh = self._look_into(places)
            places = _places(fresh, self._search(fresh))

    def _look_into(self, places: Iterable[Place]) -> set[Name]:
        """The names, not seen before, of what mentions others in files."""
        fresh: set[Name] = set()
        by_file: dict[str, list[str]] = {}
        for (name, _), files in places:
            for path in files:
                by_file.setdefault(path, []).append(name)
        self._files |= by_file.keys()
        if len(self._files) > _MOST_FILES:
            raise TooManyError
        for path in sorted(by_file):
            fresh |= self._mentioning(path, by_file[path])
        self._index.storing.sample({field for _, _, field in self._pending})
        open_ones = [each for each in self._pending if not self._surely_near(*each)]
        self._pending.clear()
        fields = {field for _, _, field in open_ones}
        # One search for these and for what comes after them.
        self._index.expect([*sorted(fields), *sorted(_everywhere(fresh - self._seen))])
        self._index.storing.search(sorted(fields), FAR_SITES)
        fresh |= {("." + field, "") for path, item, field in open_ones if self._from_afar(path, item, field)}
        fresh -= self._seen
        self._seen |= fresh
        return fresh

    def _search(self, names: Iterable[Name], also: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
        """The files that mention the names that all can mean, and other words."""
        everywhere = _everywhere(names)
        self._searches += bool(everywhere)
        if self._searches > _MOST_SEARCHES:
            raise TooManyError
        return self._index.mentions(sorted(everywhere.union(also)))

    # ------------------------------------------------------------------------- one file

    def _mentioning(self, path: str, names: list[str]) -> set[Name]:
        """The names of what mentions one of these in a file."""
        words = {name for name in names if not name.startswith(".")}
        fields = {name[1:] for name in names if name.startswith(".")}
        parts = []
        if words:
            parts.append(any_of(words).pattern)
        if fields:
            parts.append(rb"(?:->|\.)\s*(?:" + either(fields) + rb")\b(?!\s*=[^=])")
        pattern = re.compile(b"|".join(parts))
        fresh: set[Name] = set()
        for item, text, start, end, found in self._matching(path, pattern):
            hits = [
                hit
                for hit in found
                if not _only_tested(text, start, hit)
                and not self._only_kept(path, item, text, start, end, hit)
            ]
            if not hits:
                continue
            own = path.endswith(".c") and (item.static or item.kind is ItemKind.MACRO)
            if item.kind is not ItemKind.FUNCTION or not _INIT.search(text, start, item.name_at):
                fresh.add((item.name, path if own else ""))
            if item.kind is ItemKind.FUNCTION:
                self._found |= self._callbacks.get((path, item.start), set())
            for match in hits:
                if match[0].decode() in words:
                    fresh |= self._stores(path, item, text, start, end, match)
            if item.kind is ItemKind.VARIABLE:
                self._tell_table(path, item, text, start, hits)
        return fresh

    def _matching(self, path: str, pattern: re.Pattern[bytes]) -> Iterator[_Matching]:
        """The items of a file with matches of a pattern, and where in which text they are; those that macros
        make last.
        """
        program = self._program
        file = program.part(path)
        if file is None:
            return
        for item, found in program.matching(path, pattern, *_MENTIONING):
            if not isinstance(item, Made):
                yield item, file.text, item.start, item.end, found
        for made in program.made(path):
            if made.kind in _MENTIONING and (found := list(pattern.finditer(made.text))):
                yield made, made.text, 0, len(made.text), found

    def _tell_table(
        self, path: str, item: Item, text: bytes, start: int, hits: Sequence[re.Match[bytes]]
    ) -> None:
        """Through which fields of a table what was found is reached."""
        fields: set[str] = set()
        for hit in hits:
            name = hit[0].decode()
            inner = self._tables.get((name, path), self._tables.get((name, ""), set()))
            begin = max(start, *(text.rfind(char, start, hit.start()) for char in (b";", b"{", b"}", b",")))
            target = _FIELD_TARGET.search(text, begin, hit.start())
            if target is None and not inner:
                fields.add("")  # by position, or in an array: no telling
            elif target is not None:
                fields.add(target[1].decode())
            fields |= inner
        key = (item.name, path if path.endswith(".c") and item.static else "")
        self._tables.setdefault(key, set()).update(fields)

    def _only_kept(
        self, path: str, item: Item, text: bytes, start: int, end: int, match: re.Match[bytes]
    ) -> bool:
        """Whether a function only stores a table in a field of what others made, and calls nothing by the
        names of the fields that matter: whoever calls that then does so through the field.
        """
        name = match[0].decode()
        fields = self._tables.get((name, path)) or self._tables.get((name, ""))
        if item.kind is not ItemKind.FUNCTION or not fields or "" in fields:
            return False
        before = text[max(start, match.start() - 120) : match.start()]
        if _KEPT.search(before) is None or not text[match.end() : match.end() + 4].lstrip().startswith(b";"):
            return False
        return any_of(fields).search(text[start:end]) is None

    def _stores(
        self, path: str, item: Item, text: bytes, start: int, end: int, match: re.Match[bytes]
    ) -> set[Name]:
        """Where a function that is mentioned there is stored: variables; fields are noted."""
        after = match.end()
        while after < end and text[after] in b" \t\n":
            after += 1
        if text[after : after + 1] == b"(" or item.name == match[0].decode():
            return set()
        begin = max(start, *(text.rfind(char, start, match.start()) for char in (b";", b"{", b"}")))
        piece = text[begin : match.start()]
        last = piece.rfind(b",")
        targets = list(_FIELD_TARGET.finditer(piece, last + 1)) or list(_FIELD_TARGET.finditer(piece))[-1:]
        fields = {target[1].decode() for target in targets}
        if not targets and item.kind is ItemKind.VARIABLE:
            # By position, or by a macro: beside fields that have their names.
            fields = {target[1].decode() for target in _FIELD_TARGET.finditer(text, start, end)}
        fresh: set[Name] = set()
        for field in sorted(fields):
            if (path, field, match[0].decode()) in self._stored:
                continue
            self._stored.add((path, field, match[0].decode()))
            self._near(path)
            self._pending.append((path, item, field))
        plain = _PLAIN_TARGET.search(piece[last + 1 :])
        if plain is not None and not targets:
            variable = self._program.variable(plain[1].decode(), path)
            if variable is not None:
                fresh.add((variable.name, path if variable.static else ""))
        return fresh

    def _near(self, path: str) -> None:
        """What is stored there may be called by whoever is near."""
        for home, registered in self._homes.items():
            if is_near(path, home):
                self._found |= registered

    def _from_afar(self, path: str, item: Item, field: str) -> bool:
        """Whether a call through the field may be followed from anywhere."""
        pointers = self._evaluator.pointers
        if self._index.many_stores(field, FAR_SITES):
            return False
        return any(
            0 < self._stored_in(tag, field) <= FAR_TARGETS
            for tag in pointers.stores.owners(path, item, field)
            if (tag, field) not in pointers.foreign
        )

    def _surely_near(self, path: str, item: Item, field: str) -> bool:
        """Whether it is known without a search that no call through the field is followed from afar: a few
        files have more functions in it. Asked where a search would be made otherwise.
        """
        pointers, storing = self._evaluator.pointers, self._index.storing
        if storing.is_known(field) or storing.many(field, FAR_SITES):
            return False
        return all(
            pointers.stores.more(tag, field, FAR_TARGETS, storing.some(field, tag))
            for tag in pointers.stores.owners(path, item, field)
            if (tag, field) not in pointers.foreign
        )

    def _stored_in(self, tag: str, field: str) -> int:
        """How many functions are stored in a field of few places, as far as these are followed; of too many,
        one more. An answer of its own that is kept: it takes long, and rests on other files than those at
        hand.
        """
        key: Key = ("stored in", tag, field)
        known = self._kept.load([key])[0]
        if known is None:
            count = self._evaluator.pointers.stores.count
            known = self._kept.work(key, lambda: (count(tag, field, FAR_SITES, FAR_TARGETS),))
        self._program.tree.trace.leaf("fact", f"{tag}.{field}")
        return int(known[0])


def _only_tested(text: bytes, start: int, match: re.Match[bytes]) -> bool:
    """Whether a field is only asked for: ``if (x->ops->f)``."""
    if match[0][:1] not in b"-." or not _TESTED.match(text, match.end()):
        return False
    begin = max(start, match.start() - 120)
    before = text[begin : match.start()]
    lvalue = _LVALUE.search(before)
    return lvalue is not None and _TEST.search(before[: lvalue.start()]) is not None


def _everywhere(names: Iterable[Name]) -> set[str]:
    """Those of the names that all files can mean, as words."""
    return {name.lstrip(".") for name, home in names if not home}


def _places(names: Iterable[Name], found: Mapping[str, Sequence[str]]) -> list[Place]:
    return [((name, home), (home,) if home else found[name.lstrip(".")]) for name, home in sorted(names)]
