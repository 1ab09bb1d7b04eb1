"""Lists of enumerators that macros write: ``#define x(n) BTREE_ID_##n,`` and then ``enum { BTREE_IDS() };``.

What comes in: an enumeration's item in a split file; what goes out: the text of its lists with macros
expanded where an enumerator's name should stand, by the definitions in force there. Values stay as they are:
lowering reads them. A macro that cannot be expanded leaves :data:`UNREAD`, since nobody knows how many
enumerators it makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gfplint.frontend.items import ItemKind
from gfplint.frontend.lexical import STRING, group_end
from gfplint.frontend.macros import MAX_DEPTH, MAX_TOTAL, MacroDefinition, arguments, expand, parse_macro
from gfplint.frontend.source import Item, SourceFile

UNREAD = "gfplint_unread__"
"""The enumerator that stands for any number of them."""

_LIST = re.compile(rb"\benum\b[^{};()=]*\{")
_DIRECTIVE = re.compile(rb"^[ \t]*#[^\n\\]*(?:\\.[^\n\\]*)*", re.MULTILINE | re.DOTALL)
_BY_MACRO = re.compile(rb"[,{]\s*+[A-Za-z_]\w*+\s*+[(\w]")
"""A name in an enumerator's place with something behind it that no enumerator has."""
_TOKEN = re.compile(
    rb"(" + STRING + rb")|([ \t]*#[^\n\\]*(?:\\.[^\n\\]*)*(?=\n|\Z))|([A-Za-z_]\w*)|(\d[\w.]*|\s+|.)",
    re.DOTALL,
)
_SPACE = re.compile(rb"\s*")

Lookup = Callable[[str, int], MacroDefinition | None]
"""A macro's name and a place in the file, to the definition in force there."""


def written_by_macros(source: SourceFile, item: Item, macro: Lookup) -> list[bytes]:
    """The enumerator lists in ``item``, ``enum {…};`` each, macros expanded; empty where no macro is used."""
    text = source.text
    spans = []
    at = item.start
    while (match := _LIST.search(text, at, item.end)) is not None:
        at = group_end(text, match.end() - 1, item.end)
        if at < 0:
            return []
        spans.append((match.end(), at - 1))
    if not any(_uses_macros(source, start, end) for start, end in spans):
        return []
    return [b"enum {" + _Writer(macro).written(text, start, end) + b"};" for start, end in spans]


def _uses_macros(source: SourceFile, start: int, end: int) -> bool:
    text = source.text[start - 1 : end]
    if b"#" in text:
        text = _DIRECTIVE.sub(b"", text)
    if _BY_MACRO.search(text):
        return True
    words = text[1:].split(b",")
    return any(
        b"," in parse_macro(source, each).body
        for word in words
        for each in source.find(word.strip().decode("utf-8", "replace"), ItemKind.MACRO)
        if each.end <= start
    )


def definition_in_force(source: SourceFile, name: str, at: int) -> MacroDefinition | None:
    """What ``name`` is defined to at an offset of its own file; None where it is not, or no longer."""
    last: Item | None = None
    for item in source.find(name, ItemKind.MACRO):
        if item.active and item.start < at and (last is None or item.start > last.start):
            last = item
    if last is None:
        return None
    undone = re.compile(rb"^[ \t]*#[ \t]*undef[ \t]+" + re.escape(name.encode()) + rb"\b", re.MULTILINE)
    return None if undone.search(source.data, last.end, at) else parse_macro(source, last)


class _Writer:
    """Writes one list."""

    def __init__(self, macro: Lookup) -> None:
        self._macro = macro
        self._out: list[bytes] = []
        self._left = MAX_TOTAL
        self._named = False
        self._valued = False

    def written(self, text: bytes, start: int, end: int) -> bytes:
        """The list at a span of the file."""
        self._copy(text, start, end, -1, frozenset())
        return b"".join(self._out)

    def _copy(self, text: bytes, start: int, end: int, use: int, active: frozenset[str]) -> None:
        """Copy a span; ``use`` is the place in the file that it stands for, -1 where it is its own."""
        at = start
        while at < end:
            match = _TOKEN.match(text, at, end)
            if match is None:
                break
            token = match.group()
            at = match.end()
            if match.lastindex == 2:
                continue  # a directive
            if token in (b"(", b"[", b"{"):
                stop = group_end(text, match.start(), end)
                at = stop if stop > 0 else at
                if self._valued:
                    self._out.append(text[match.start() : at])
                continue  # an attribute's
            if match.lastindex == 3 and not self._valued:
                at = self._name(text, match.start(), at, end, use, active)
                continue
            if token == b",":
                if not self._named:
                    continue
                self._named = self._valued = False
            elif token == b"=":
                self._valued = True
            self._out.append(token)

    def _name(self, text: bytes, start: int, end: int, limit: int, use: int, active: frozenset[str]) -> int:
        """A word where an enumerator's name is expected, or an attribute behind one; where to go on."""
        name = text[start:end].decode("utf-8", "replace")
        opening = _SPACE.match(text, end, limit)
        called = opening is not None and text[opening.end() : opening.end() + 1] == b"("
        place = start if use < 0 else use
        definition = self._macro(name, place) if name not in active and len(active) < MAX_DEPTH else None
        if definition is not None and (definition.params is None or called):
            spans: list[tuple[int, int]] = []
            if definition.params is not None and opening is not None:
                found = arguments(text[:limit], opening.end())
                if found is None:
                    return self._unread(limit)
                spans, closing = found
                end = closing + 1
            expanded = expand(definition, text, spans)
            self._left -= len(expanded.text) if expanded is not None else 0
            if expanded is None or self._left < 0:
                return self._unread(end)
            self._copy(expanded.text, 0, len(expanded.text), place, active | {name})
            return end
        if called and opening is not None and not self._named:
            stop = group_end(text, opening.end(), limit)
            return self._unread(stop if stop > 0 else limit)
        if not self._named:
            self._out.append(text[start:end])
            self._named = True
        return end

    def _unread(self, end: int) -> int:
        """Note that what ends at ``end`` is not understood."""
        if self._named:
            self._out.append(b",")
        self._out.append(f" {UNREAD},".encode())
        self._named = self._valued = False
        return end
