"""What an identifier in capitals is worth: masks, enumerators, object-like macros."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplint import cexpr, ir
from gfplint.errors import ModelError
from gfplint.frontend import lower
from gfplint.frontend.source import Item, ItemKind
from gfplint.kernel.index import Site
from gfplint.kernel.trace import Memo
from gfplint.program.parts import LISTS

if TYPE_CHECKING:
    from gfplint.program.program import Program

_WORDS = re.compile(rb"\b[A-Za-z_]\w*\b")
_MAX_DEPTH = 16
_WORD = (1 << 64) - 1
# include/linux/stddef.h and uapi's; C23 has them as keywords.
_LANGUAGE = {"NULL": 0, "true": 1, "false": 0}


class Constants:
    """Values of file-independent and file-scope constants of one program, memoised."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._trace = program.tree.trace
        self._values: dict[tuple[str, str], tuple[int | None, int]] = {}
        self._enums: Memo[tuple[str, int, str], dict[str, ir.Expr | int]] = Memo(
            self._trace, self._find_enumerators
        )

    def value(self, name: str, path: str, depth: int = 0) -> int | None:
        """The integer that ``name`` stands for in ``path``, or None where it is no constant we can tell.

        Masks come from the tree's own ``gfp*.h`` (:mod:`gfplint.kernel.masks`), everything else from
        the definition that ``path`` sees; ``""`` is no file, for what rules say.
        """
        if name in _LANGUAGE:
            return _LANGUAGE[name]
        mask = self._program.masks.value(name)
        if mask is not None:
            return mask
        key = (name, path)
        known = self._values.get(key)
        if known is None:
            self._values[key] = None, 0  # a definition in terms of itself ends here
            outer = self._trace.enter()
            value = self._find(name, path, depth) if depth < _MAX_DEPTH else None
            known = self._values[key] = value, self._trace.leave(outer)
        self._trace.current.add(known[1])
        return known[0]

    def _find(self, name: str, path: str, depth: int) -> int | None:
        index = self._program.tree.index
        definition = self._program.symbols.definition(name, path)
        if definition is not None:
            if definition.params is not None:
                return None
            text = definition.body.decode("utf-8", "replace").strip()
            return self._evaluate_text(text, definition.path, depth)
        sites = index.enumerators(name)
        own = self._program.items_of_kind(path, ItemKind.ENUM) if path else []
        found_at = [(path, each) for each in own] + self._enum_items(sites, path)
        found_at += self._pasting_enums(name, path)
        for place, item in found_at:
            values = self._enums((place, item.start, item.name))
            if name in values:
                held = values[name]
                return held if isinstance(held, int) else self.evaluate(held, place, depth + 1)
        return None

    def _enum_items(self, sites: tuple[Site, ...], path: str) -> list[tuple[str, Item]]:
        result: list[tuple[str, Item]] = []
        for site in self._program.tree.index.ranked(sites, path):
            file = self._program.part(site.path)
            around = [
                item
                for item in (file.items if file is not None else ())
                if item.kind in LISTS and item.start <= site.offset < item.end
            ]
            for item in around:
                self._program.find(site.path, item.name)
                result.append((site.path, item))
            if not around:
                self._trace.leaf("file", site.path)
        return result

    def _pasting_enums(self, name: str, path: str) -> list[tuple[str, Item]]:
        """The lists in which macros may paste ``name`` together."""
        index = self._program.tree.index
        sites = tuple(Site(name, "enumerator", where, 0, False) for where in index.pasted(name))
        return [
            (site.path, item)
            for site in index.ranked(sites, path)
            for item in self._program.items_of_kind(site.path, *LISTS)
        ]

    def _find_enumerators(self, key: tuple[str, int, str]) -> dict[str, ir.Expr | int]:
        path, start, name = key
        file = self._program.part(path)
        for item in file.items if file is not None else ():
            if item.start == start and file is not None:
                self._program.find(path, name)
                for word in set(_WORDS.findall(file.text, item.start, item.end)):
                    if self._program.find(path, word.decode(), ItemKind.MACRO):
                        self._program.lists(path)  # where in the file macros stand counts, too
                        break
                return lower.lower_enum(file, item, self._program.symbols)
        return {}

    def _evaluate_text(self, text: str, path: str, depth: int) -> int | None:
        if not text:
            return None
        try:
            expression = cexpr.parse_expression(text)
        except ModelError:
            return None
        return self.evaluate(expression, path, depth + 1)

    def evaluate(self, expr: ir.Expr, path: str, depth: int = 0) -> int | None:
        """A constant expression's value as a signed or unsigned Python integer, None where it is none."""
        match expr:
            case ir.Const(value):
                return value
            case ir.Global(name):
                return self.value(name, path, depth)
            case ir.Cast(_, operand):
                return self.evaluate(operand, path, depth)
            case ir.Unary(op, operand):
                inner = self.evaluate(operand, path, depth)
                if inner is None:
                    return None
                return {"-": -inner, "~": ~inner, "!": int(not inner)}.get(op)
            case ir.Binary(op, left, right):
                a, b = self.evaluate(left, path, depth), self.evaluate(right, path, depth)
                return None if a is None or b is None else _binary(op, a, b)
            case ir.Select(condition, then, otherwise):
                chosen = self.evaluate(condition, path, depth)
                if chosen is None:
                    return None
                return self.evaluate(then if chosen else otherwise, path, depth)
        return None


def _binary(op: str, a: int, b: int) -> int | None:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/" if b:
            return a // b
        case "%" if b:
            return a % b
        case "<<" if 0 <= b < 64:
            return (a << b) & _WORD if a >= 0 else a << b
        case ">>" if 0 <= b < 64:
            return a >> b
        case "&":
            return a & b
        case "|":
            return a | b
        case "^":
            return a ^ b
        case "==" | "!=" | "<" | ">" | "<=" | ">=":
            return int({"==": a == b, "!=": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[op])
        case "&&":
            return int(bool(a) and bool(b))
        case "||":
            return int(bool(a) or bool(b))
    return None
