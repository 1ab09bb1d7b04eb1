"""Which macros may make a function at file scope, told from their texts: every definition counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from gfplint.frontend.items import ItemKind
from gfplint.frontend.lexical import group_end
from gfplint.frontend.macros import MacroDefinition, parse_define, parse_macro
from gfplint.frontend.made import with_made
from gfplint.kernel.trace import Memo, digest
from gfplint.program.parts import definitions

if TYPE_CHECKING:
    from gfplint.frontend.source import SourceFile
    from gfplint.program.program import Program

_MOST_MACROS = 200
"""Macros in macros that are looked at before the answer is no."""
_BEFORE_NAME = re.compile(rb"\s*(?!(?:if|for|while|switch|do|else|return)\b)[A-Za-z_][\w\s*#]*+\Z")
_TWO_WORDS = re.compile(rb"\w[\s*#]+\w")
_ATTRIBUTES = re.compile(rb"\s*+(?>(?:\w++\s*+(?>(?:\([^()]*+\)\s*+)?))*)\Z")
_MACRO_NAME = re.compile(rb"\s*(?>(?:(?:static|inline|const|extern|__[a-z]\w*)\s+)*)[A-Z]\w*\s*\Z")
_CALLED = re.compile(rb"\b([A-Za-z_]\w*)\s*\(")

_Nature = tuple[bool, frozenset[str]]
"""Whether a definition makes a function by itself, and the names that it calls."""


class Makers:
    """Adds to a file's items what its macros make."""

    def __init__(self, program: Program) -> None:
        self._program = program
        trace = program.tree.trace
        self._in_headers: Memo[str, _Nature] = Memo(trace, self._nature)
        """Of the macros of a name in all headers together."""
        self._anywhere: Memo[str, bool] = Memo(trace, lambda name: _makes(name, self._in_headers))
        """Whether a macro of headers makes a function."""

    def extend(self, file: SourceFile) -> None:
        """Put the functions and variables that macros of ``file`` make among its items."""
        own = {item.name: item for item in file.items if item.kind is ItemKind.MACRO}
        answers: dict[str, bool] = {}

        def nature(name: str) -> _Nature:
            item = own.get(name)
            return self._in_headers(name) if item is None else _nature(parse_macro(file, item))

        def makes(name: str) -> bool:
            if name not in answers:
                answers[name] = _makes(name, nature) if name in own else self._anywhere(name)
            return answers[name]

        def macro(name: str) -> MacroDefinition | None:
            return self._program.symbols.macro(name, file.path)

        items = with_made(file, macro, makes)
        if items is not file.items:
            file.replace(items)

    def _nature(self, name: str) -> _Nature:
        making = False
        called: set[str] = set()
        trace = self._program.tree.trace
        for path in dict.fromkeys(site.path for site in self._program.tree.index.macros(name)):
            outer = trace.enter()
            found = definitions(self._program.tree, path, name)
            trace.leave(outer)
            if trace.on:
                trace.leaf("ask", path, "define", name, digest(found))
            for text in found:
                definition = parse_define(text, path, 0)
                if definition is not None:
                    one = _nature(definition)
                    making = making or one[0]
                    called |= one[1]
        return making, frozenset(called)


_NOTHING: _Nature = (False, frozenset())


def _makes(name: str, nature: Callable[[str], _Nature]) -> bool:
    """Whether a macro, or one that its definition uses, makes a function."""
    seen = {name}
    pending = [name]
    while pending and len(seen) < _MOST_MACROS:
        making, called = nature(pending.pop())
        if making:
            return True
        for inner in sorted(called - seen):
            seen.add(inner)
            pending.append(inner)
    return False


def _is_head(text: bytes, has_body: bool) -> bool:
    """``static ssize_t fn ## _show(struct kobject *kobj)``, attributes behind it, or, where a body follows, a
    macro that may be one: ``SHOW(fn)``.
    """
    opening = text.find(b"(")
    before = text[: max(opening, 0)]
    typed = _BEFORE_NAME.match(before) is not None and _TWO_WORDS.search(before) is not None
    if not typed and not (has_body and _MACRO_NAME.match(before)):
        return False
    end = group_end(text, opening)
    return (
        end > 0
        and not any(char in text[opening:end] for char in b"={};")
        and _ATTRIBUTES.match(text, end) is not None
    )


def _nature(definition: MacroDefinition) -> _Nature:
    """What one definition says. What a macro does inside of braces makes no function at file scope."""
    body = definition.body
    if definition.params is None:
        return _NOTHING
    outside: list[bytes] = []
    at = 0
    while True:
        brace = body.find(b"{", at)
        head = body[at : brace if brace >= 0 else len(body)]
        outside.append(head)
        last = head.rpartition(b";")[2]
        if brace < 0:
            if _is_head(last, False) and not at:
                return True, frozenset()
            break
        if last.rstrip().endswith((b"(", b"do")) or brace == 0:
            return _NOTHING  # an expression or a statement
        if _is_head(last, True):
            return True, frozenset()
        end = group_end(body, brace)
        if end < 0:
            break
        at = end
    called = {name.decode("ascii", "replace") for name in _CALLED.findall(b";".join(outside))}
    return False, frozenset(called - _WORDS)


_WORDS = frozenset(
    {"if", "for", "while", "switch", "sizeof", "typeof", "__attribute__", "__section", "asm", "__asm__"}
)
