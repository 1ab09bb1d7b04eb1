"""Questions about parts of one file, each with a digest of its answer.

Most of what rests on a file rests on a few of its definitions. So that an edit elsewhere in it goes
unnoticed, whoever looks at a part says which (:mod:`gfplint.kernel.trace`), and when the file has changed,
the question is asked again, of a program that nothing else uses, and the digests are compared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplint.errors import SourceError
from gfplint.frontend.items import ItemKind
from gfplint.frontend.made import Made
from gfplint.kernel import scan
from gfplint.kernel.tables import path_hash
from gfplint.kernel.trace import digest
from gfplint.kernel.words import words_in
from gfplint.program.including import header_macros

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfplint.frontend.source import Item, SourceFile
    from gfplint.kernel.tree import KernelTree
    from gfplint.program.program import Program

_PLACED = (ItemKind.FUNCTION, ItemKind.VARIABLE, ItemKind.OTHER)
_NONE = 1
"""The digest of every part of a file that can't be read."""


def item_digest(file: SourceFile, items: list[Item]) -> int:
    """Of all that the items of one name are; 0 where there are none. Of what has steps in it, or may be one,
    place and comments count, too: findings name lines.
    """
    return digest([_plain(file, item) for item in items]) if items else 0


def _plain(file: SourceFile, item: Item) -> tuple[object, ...]:
    text = file.text[item.start : item.end]
    plain = item.kind.value, item.name_at - item.start, item.static, item.active, text
    if item.kind not in _PLACED:
        return plain
    made = item.text if isinstance(item, Made) else b""
    return *plain, made, item.start, file.position(item.start), file.data[item.start : item.end]


def matches_digest(found: list[re.Match[bytes]]) -> int:
    """Of where a pattern matches in a file."""
    return digest([(match.span(), match.groups()) for match in found])


def kind_digest(file: SourceFile, kind: str) -> int:
    """Of all items of one kind."""
    return digest([item_digest(file, [item]) for item in file.items if item.kind.name == kind])


def made_digest(file: SourceFile) -> int:
    """Of all items that macros make."""
    return digest([item_digest(file, [item]) for item in file.items if isinstance(item, Made)])


def outlines_digest(file: SourceFile, kinds: tuple[ItemKind, ...]) -> int:
    """Of where the items of some kinds begin and end."""
    return digest([(item.name, item.start, item.end) for item in file.items if item.kind in kinds])


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


INCLUDED_C = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"]+\.c)"', re.M)
"""A ``.c`` file that another includes (kernel/sched builds itself so)."""

_LINE = re.compile(rb"#[^\n\\]*(?:\\\r?\n[^\n\\]*|\\[^\n\\]*)*")


class Parts:
    """Asks again. ``fresh`` makes a program whose books nobody reads."""

    def __init__(self, tree: KernelTree, fresh: Callable[[], Program]) -> None:
        self._tree = tree
        self._fresh = fresh
        self._program: Program | None = None
        self._items: dict[str, dict[int, int] | None] = {}
        self._macros: dict[str, dict[str, bytes]] = {}

    def items(self, path: str) -> dict[int, int] | None:
        """The digests of a file's items by the hash of their name; None for a file that can't be read."""
        if path not in self._items:
            file = self._source(path)
            self._items[path] = (
                {path_hash(name): item_digest(file, file.find(name)) for name in {i.name for i in file.items}}
                if file is not None
                else None
            )
        return self._items[path]

    def again(self, path: str, question: str, argument: object) -> int:
        """The digest of the answer to a question about a file as it is now."""
        outer = self._tree.trace.enter()
        try:
            return self._again(path, question, argument)
        finally:
            self._tree.trace.leave(outer)

    def _again(self, path: str, question: str, argument: object) -> int:
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
        if question == "items":
            return outlines_digest(file, tuple(ItemKind[name] for name in str(argument).split()))
        if question == "included":
            return matches_digest(list(INCLUDED_C.finditer(file.data)))
        assert question == "matches"
        assert isinstance(argument, bytes)
        return matches_digest(list(re.finditer(argument, file.text, re.M)))

    def _source(self, path: str) -> SourceFile | None:
        if self._program is None:
            self._program = self._fresh()
        outer = self._tree.trace.enter()
        try:
            return self._program.source(path)
        finally:
            self._tree.trace.leave(outer)
