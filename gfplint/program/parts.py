"""Questions about parts of one file, each with a digest of its answer.

Most of what rests on a file rests on a few of its definitions. So that an edit elsewhere in it goes
unnoticed, whoever looks at a part says which (:mod:`gfplint.kernel.trace`), and when the file has changed,
the question is asked again, of a program that nothing else uses, and the digests are compared.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import partial
from typing import TYPE_CHECKING

from gfplint.errors import SourceError
from gfplint.frontend.items import ItemKind
from gfplint.frontend.made import Made
from gfplint.kernel import scan
from gfplint.kernel.rows import path_hash
from gfplint.kernel.trace import digest
from gfplint.kernel.words import words_in
from gfplint.program.anchors import Span, spans
from gfplint.program.including import header_macros

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from gfplint.frontend.source import Item, SourceFile
    from gfplint.kernel.tree import KernelTree
    from gfplint.program.program import Program

_PLACED = (ItemKind.FUNCTION, ItemKind.VARIABLE, ItemKind.OTHER)
"""Kinds of items that steps may be in."""
_MOST_SPANS = 500
"""Files of which it is kept where everything is."""
_NONE = 1
"""The digest of every part of a file that can't be read."""


def item_digest(file: SourceFile, items: list[Item]) -> int:
    """Of all that the items of one name are; 0 where there are none. Of what has steps in it, or may be one,
    comments count, too: findings name lines. Where in the file the items are doesn't: see
    :mod:`gfplint.program.anchors`.
    """
    return digest([_plain(file, item) for item in items]) if items else 0


def head_digest(file: SourceFile, items: list[Item]) -> int:
    """The same without what is inside functions; 0 where none of the items is a function that has its text
    in the file.
    """
    if not any(map(_has_head, items)):
        return 0
    return digest([_head(file, item) if _has_head(item) else _plain(file, item) for item in items])


def head_name(name: str) -> str:
    """What the items of a name are asked for by who looks inside none of its functions."""
    return name + "()"


def _has_head(item: Item) -> bool:
    return item.kind is ItemKind.FUNCTION and not isinstance(item, Made)


def _head(file: SourceFile, item: Item) -> tuple[object, ...]:
    return (
        *(item.kind.value, item.name_at - item.start, item.static, item.active),
        file.text[item.start : file.body(item)],
    )


def _plain(file: SourceFile, item: Item) -> tuple[object, ...]:
    text = file.text[item.start : item.end]
    plain = item.kind.value, item.name_at - item.start, item.static, item.active, text
    if item.kind not in _PLACED:
        return plain
    made = item.text if isinstance(item, Made) else b""
    return *plain, made, file.column(item.start), file.data[item.start : item.end]


def matches_digest(found: list[re.Match[bytes]], around: Callable[[int], Item | None]) -> int:
    """Of where a pattern matches: in which items, and where in these. ``around`` tells the item around an
    offset.
    """
    plain: list[object] = []
    for match in found:
        item = around(match.start())
        if item is None:
            plain.append((match.end() - match.start(), match.groups()))
        else:
            at = match.start() - item.start, match.end() - item.start
            plain.append((item.name, item.kind.value, at, match.groups()))
    return digest(plain)


def matching_digest(found: list[tuple[Item, list[re.Match[bytes]]]]) -> int:
    """Of the items in which a pattern matches, in order, and where in these."""
    return digest(
        [
            (
                item.name,
                item.kind.value,
                [(match.start() - item.start, match.end() - item.start, match.groups()) for match in matches],
            )
            for item, matches in found
        ]
    )


def matching(
    items: Iterable[Item], found: list[re.Match[bytes]], kinds: Collection[ItemKind]
) -> list[tuple[Item, list[re.Match[bytes]]]]:
    """The items of these kinds with matches of a pattern, in order."""
    result = []
    starts = [match.start() for match in found]
    for item in items:
        if item.kind in kinds:
            first, last = bisect_left(starts, item.start), bisect_left(starts, item.end)
            inside = [match for match in found[first:last] if match.end() <= item.end]
            if inside:
                result.append((item, inside))
    return result


def kind_digest(file: SourceFile, kinds: str) -> int:
    """Of all items of some kinds (see :func:`kinds_of`), in order."""
    names = kinds.split()
    return digest([item_digest(file, [item]) for item in file.items if item.kind.name in names])


def lists_digest(file: SourceFile) -> int:
    """Of what enumerators rest on: what may have some in it, and all macros in order with these, with where
    they end.
    """
    kinds = (*LISTS, ItemKind.MACRO)
    plain: list[tuple[int, object]] = [
        (item.start, item_digest(file, [item])) for item in file.items if item.kind in kinds
    ]
    plain += [(match.start(), match[1]) for match in _UNDEFINED.finditer(file.data)]
    plain.sort(key=lambda each: each[0])
    return digest([each for _, each in plain])


def made_digest(file: SourceFile) -> int:
    """Of all items that macros make."""
    return digest([item_digest(file, [item]) for item in file.items if isinstance(item, Made)])


def kinds_of(kinds: tuple[ItemKind, ...]) -> str:
    """Kinds as the argument of a question."""
    return " ".join(kind.name for kind in kinds)


def definitions(tree: KernelTree, path: str, name: str) -> list[bytes]:
    """The lines of a header that define a macro of that name, whatever ``#if`` says."""
    try:
        data = tree.read(path)
    except SourceError:
        return []
    found = []
    for offset, _ in scan.locate(data, name.encode(), scan.MACRO):
        start = data.rfind(b"#", 0, offset)
        match = _LINE.match(data, start) if start >= 0 else None
        if match is not None:
            found.append(match[0])
    return found


LISTS = (ItemKind.ENUM, ItemKind.TYPEDEF, ItemKind.RECORD)
"""What may have enumerators in it."""
_UNDEFINED = re.compile(rb"^[ \t]*#[ \t]*undef[ \t]+(\w+)", re.M)
_LINE = re.compile(rb"#[^\n\\]*(?:\\\r?\n[^\n\\]*|\\[^\n\\]*)*")


class Parts:
    """Asks again. ``fresh`` makes a program whose books nobody reads; ``loaded`` has files that are split."""

    def __init__(
        self,
        tree: KernelTree,
        fresh: Callable[[], Program],
        loaded: Callable[[str], SourceFile | None] = lambda _: None,
    ) -> None:
        self._tree = tree
        self._loaded = loaded
        self._fresh = fresh
        self._program: Program | None = None
        self._items: dict[str, dict[int, int] | None] = {}
        self._order: dict[str, list[int]] = {}
        self._spans: dict[str, dict[tuple[str, int], Span]] = {}
        self._macros: dict[str, dict[str, bytes]] = {}

    def items(self, path: str) -> dict[int, int] | None:
        """The digests of a file's items by the hash of their name; None for a file that can't be read."""
        if path not in self._items:
            file = self._source(path)
            self._items[path], self._order[path] = (None, []) if file is None else _digests(file)
        return self._items[path]

    def order(self, path: str, names: Collection[int]) -> int:
        """The digest of the order of a file's items with names of these hashes."""
        self.items(path)
        return digest([name for name in self._order[path] if name in names])

    def spans(self, path: str) -> dict[tuple[str, int], Span]:
        """Where the items are that places may be in."""
        known = self._spans.get(path)
        if known is None:
            file = self._loaded(path) or self._source(path)
            if len(self._spans) >= _MOST_SPANS:
                self._spans.clear()
            known = self._spans[path] = spans(file) if file is not None else {}
        return known

    def again(self, path: str, question: str, argument: object) -> int:
        """The digest of the answer to a question about a file as it is now."""
        outer = self._tree.trace.enter()
        try:
            return self._again(path, question, argument)
        finally:
            self._tree.trace.leave(outer)

    def _again(self, path: str, question: str, argument: object) -> int:
        if question == "exists":
            return int(self._tree.exists(path))
        if question == "define":
            return digest(definitions(self._tree, path, str(argument)))
        if question == "value":
            if path not in self._macros:
                self._macros[path] = header_macros(self._tree, path)
            return digest(self._macros[path].get(str(argument)))
        if question in ("bodies", "words"):
            what = str(argument)
            try:
                data = self._tree.read(path)
            except SourceError:
                data = b""
            if question == "words":
                return digest(sorted(words_in(data, what.split(" "))))
            return digest(list(scan.definitions(data, what[1:].encode(), what[0])))
        if question in ("has", "search"):
            assert isinstance(argument, bytes)
            try:
                data = self._tree.read(path)
            except SourceError:
                return _NONE + 1
            return int(argument in data if question == "has" else re.search(argument, data) is not None)
        file = self._source(path)
        if file is None:
            return _NONE
        if question == "line":
            assert isinstance(argument, int)
            return digest(file.position(argument))
        if question == "made":
            return made_digest(file)
        if question == "kind":
            return kind_digest(file, str(argument))
        if question == "lists":
            return lists_digest(file)
        if question == "included":
            return digest(file.included)
        if question == "matching":
            assert isinstance(argument, tuple)
            pattern, kinds = argument
            found = list(re.finditer(pattern, file.text, re.M))
            return matching_digest(matching(file.items, found, [ItemKind[name] for name in kinds.split()]))
        assert question == "matches"
        assert isinstance(argument, bytes)
        assert self._program is not None
        around = partial(self._program.around, path)
        return matches_digest(list(re.finditer(argument, file.text, re.M)), around)

    def _source(self, path: str) -> SourceFile | None:
        if self._program is None:
            self._program = self._fresh()
        outer = self._tree.trace.enter()
        try:
            return self._program.source(path)
        finally:
            self._tree.trace.leave(outer)


def _digests(file: SourceFile) -> tuple[dict[int, int], list[int]]:
    """The digests of a file's items by the hash of their name, and these hashes in the order of the items."""
    found: dict[int, int] = {}
    order: list[tuple[int, int]] = []
    for name in {item.name for item in file.items}:
        items = file.find(name)
        digests = {path_hash(name): item_digest(file, items)}
        head = head_digest(file, items)
        if head:
            digests[path_hash(head_name(name))] = head
        found.update(digests)
        order.extend((item.start, each) for item in items for each in digests)
    order.sort()
    return found, [name for _, name in order]
