"""The configuration as one ``.c`` file sees it: also what the headers that it includes define.

What comes in: a file of a tree. What goes out: answers for its ``#if``: a name that the file doesn't define
counts as defined where a header that it includes does so. What headers include is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from gfplint.errors import SourceError
from gfplint.frontend.conditionals import read_directives
from gfplint.frontend.lexical import strip_comments
from gfplint.kernel.condition import ConditionError, evaluate
from gfplint.kernel.kconfig import Config
from gfplint.kernel.trace import digest

if TYPE_CHECKING:
    from gfplint.kernel.tree import KernelTree

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.M)
_VALUE = re.compile(rb"#[ \t]*define[ \t]+\w+[ \t]+(.*)", re.S)
_CONTINUED = re.compile(rb"\\[ \t]*\r?\n")
_MAX_DEPTH = 8
"""Macros in the values of macros."""


class FileConfig(Config):
    """``base``, and what the headers define that ``path`` of ``tree`` includes; ``known`` answers
    :func:`header_macros`.
    """

    def __init__(
        self, base: Config, tree: KernelTree, path: str, known: Callable[[str], dict[str, bytes]]
    ) -> None:
        super().__init__(base.options, base.arch, base.version)
        self._builtin = base._builtin
        self._tree = tree
        self._path = path
        self._known = known
        self._depth = 0
        self._numbers = True
        self._unknown = False

    @cached_property
    def _headers(self) -> frozenset[str]:
        """The headers that the file may mean by what it includes."""
        folder = self._path.rpartition("/")[0]
        found: set[str] = set()
        try:
            data = self._tree.read(self._path)
        except SourceError:
            return frozenset()
        for quote, name in _INCLUDE.findall(data):
            word = name.decode("utf-8", "replace")
            if quote == b'"':
                found.add(f"{folder}/{word}")
            found.add(f"include/{word}")
            found.add(f"arch/{self.arch}/include/{word}")
            if word.startswith("asm/"):
                found.add(f"include/asm-generic/{word[4:]}")
        return frozenset(found)

    def _macro(self, name: str) -> bytes | None:
        """What the macro stands for that an included header makes of ``name``; None where none does."""
        if name.startswith(("CONFIG_", "__")):
            return None
        for path in sorted(self._tree.index.defining(name, "macro") & self._headers):
            text = self._known(path).get(name)
            if self._tree.trace.on:
                self._tree.trace.leaf("ask", path, "value", name, digest(text))
            if text is not None:
                return text
        return None

    def _defined(self, name: str, defined: Callable[[str], bool | None]) -> bool:
        unknown = self._unknown
        found = super()._defined(name, defined) or (defined(name) is None and self._macro(name) is not None)
        self._unknown = unknown  # a name may be defined and have no number
        return found

    def decide(self, directive: str, defined: Callable[[str], bool | None]) -> bool:
        """As its base does, but numbers of headers count only where every name of an expression has one:
        nothing follows from a comparison with something unknown.
        """
        self._unknown = False
        result = super().decide(directive, defined)
        if self._unknown:
            self._numbers = False
            result = super().decide(directive, defined)
            self._numbers = True
        return result

    def _value(self, name: str) -> int | None:
        value = super()._value(name)
        if value is not None:
            return value
        if not self._numbers:
            return 0 if self._macro(name) is not None else None
        value = self._header_value(name)
        self._unknown = self._unknown or value is None
        return value

    def _header_value(self, name: str) -> int | None:
        """The number that the macro of an included header stands for."""
        if self._depth >= _MAX_DEPTH:
            return None
        text = self._macro(name)
        if not text:
            return None
        self._depth += 1
        try:
            return evaluate(text.decode("utf-8", "replace"), lambda _: False, self._number, self._call)
        except ConditionError:
            return None
        finally:
            self._depth -= 1

    def _number(self, name: str) -> int:
        """The value of a name in a macro's value; raises ``ConditionError`` where it isn't known."""
        value = self._value(name)
        if value is None:
            raise ConditionError(name)
        return value


def header_macros(tree: KernelTree, path: str) -> dict[str, bytes]:
    """The macros that a header defines in the arms that the configuration chooses, with their texts."""
    found: dict[str, bytes] = {}
    try:
        text = strip_comments(tree.read(path))
    except SourceError:
        return found
    for each in read_directives(text, tree.config_for(path)).definitions:
        if each.active:
            value = _VALUE.match(_CONTINUED.sub(b" ", text[each.start : each.end]))
            found[each.name] = value[1].strip() if value is not None else b""
    return found
