"""The mask macros of ``gfp.h`` and ``gfp_types.h``: read by lines, parsed by pycparser, evaluated.

What comes in: the headers' text and a configuration. What goes out: names with their values. A macro that
isn't a constant expression of integers, flags and ``BIT()`` has no value and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gfplint.kernel.kconfig import Config

_ALL = 0xFFFF_FFFF  # gfp_t is an unsigned int

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(\w+)[ \t]*(.*)")
_MASK_DEFINE = re.compile(r"(_*GFP_\w+)(?!\()\s+(\S.*)")


def mask_values(text: str, config: Config) -> dict[str, int]:
    """The value of every mask macro that the text of one or more headers defines, in their order."""
    defines, enums = read_macros(text, config)
    return Evaluator(defines, enums, config).values()


def read_macros(text: str, config: Config) -> tuple[dict[str, str], list[str]]:
    """The mask macros of a header, name → expression, and the bodies of its enums; ``#if`` decided."""
    text = _COMMENT.sub(" ", text.replace("\\\r\n", " ").replace("\\\n", " "))
    defines: dict[str, str] = {}
    known: dict[str, bool] = {}
    kept: list[str] = []
    # For each open #if: is this arm chosen, has one of its arms been, was the code around it.
    arms: list[tuple[bool, bool, bool]] = []
    active = True
    for line in text.splitlines():
        match = _DIRECTIVE.match(line)
        if not match:
            if active:
                kept.append(line)
            continue
        word, rest = match[1], match[2].strip()
        if word in ("if", "ifdef", "ifndef"):
            chosen = active and config.decide(f"{word} {rest}", known.get)
            arms.append((chosen, chosen, active))
            active = chosen
        elif word in ("elif", "else") and arms:
            _, taken, outside = arms.pop()
            chosen = outside and not taken and config.decide(f"{word} {rest}", known.get)
            arms.append((chosen, taken or chosen, outside))
            active = chosen
        elif word == "endif" and arms:
            active = arms.pop()[2]
        elif active and word == "define":
            define = _MASK_DEFINE.match(rest)
            if define:
                defines[define[1]] = define[2].strip()
            known[re.split(r"\W", rest, maxsplit=1)[0]] = True
        elif active and word == "undef":
            defines.pop(rest, None)
            known[rest] = False
    enums = [match[1] for match in re.finditer(r"\benum\b[^;{}()]*\{([^{}]*)\}", "\n".join(kept))]
    return defines, enums


class Evaluator:
    """Evaluates macros and enumerators that name each other, each once."""

    def __init__(self, defines: Mapping[str, str], enums: list[str], config: Config) -> None:
        self.config = config
        self.trees: dict[str, Any] = {}
        self.numbers: dict[str, int | None] = {}
        for body in enums:
            self._enumerate(body)
        self.names = list(defines)
        self.trees = _parse_all(defines)

    def values(self) -> dict[str, int]:
        """Everything that has a value, in the order of the header."""
        found: dict[str, int] = {}
        for name in self.names:
            value = self.name(name)
            if value is not None:
                found[name] = value & _ALL
        return found

    def _enumerate(self, body: str) -> None:
        enum = _parse(f"enum {{ {body} }};")
        if enum is None:
            return
        following: int | None = 0
        for item in enum.ext[0].type.values.enumerators:
            value = following if item.value is None else self.expression(item.value)
            self.numbers[item.name] = value
            following = None if value is None else value + 1

    def name(self, name: str) -> int | None:
        """The value of a macro or an enumerator."""
        if name not in self.numbers:
            self.numbers[name] = None  # a macro that names itself has no value
            tree = self.trees.get(name)
            if tree is not None:
                self.numbers[name] = self.expression(tree)
        return self.numbers[name]

    def expression(self, node: Any) -> int | None:
        """The value of a pycparser expression; None where a name in it is unknown."""
        match type(node).__name__:
            case "Constant":
                try:
                    text = node.value.rstrip("uUlL")
                    return int(text, 8) if re.fullmatch(r"0[0-7]+", text) else int(text, 0)
                except ValueError:
                    return None
            case "ID":
                return self.name(node.name)
            case "Cast":
                return self.expression(node.expr)
            case "UnaryOp":
                return self._unary(node)
            case "BinaryOp":
                return self._binary(node.op, self.expression(node.left), self.expression(node.right))
            case "TernaryOp":
                condition = self.expression(node.cond)
                if condition is None:
                    return None
                return self.expression(node.iftrue if condition else node.iffalse)
            case "FuncCall":
                return self._call(node)
        return None

    def _unary(self, node: Any) -> int | None:
        operand = self.expression(node.expr)
        if operand is None:
            return None
        match node.op:
            case "~":
                return ~operand
            case "-":
                return -operand
            case "+":
                return operand
            case "!":
                return int(not operand)
        return None

    def _binary(self, operator: str, left: int | None, right: int | None) -> int | None:
        if left is None or right is None:
            return None
        match operator:
            case "|":
                return left | right
            case "&":
                return left & right
            case "^":
                return left ^ right
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "<<" | ">>" if 0 <= right < 64:
                return left << right if operator == "<<" else left >> right
            case "==":
                return int(left == right)
            case "!=":
                return int(left != right)
        return None

    def _call(self, node: Any) -> int | None:
        name = getattr(node.name, "name", "")
        arguments = node.args.exprs if node.args else []
        if len(arguments) != 1:
            return None
        if name in ("IS_ENABLED", "IS_BUILTIN", "IS_MODULE"):
            option = getattr(arguments[0], "name", "")
            ask = {"IS_ENABLED": self.config.enabled, "IS_BUILTIN": self.config.builtin}.get(
                name, self.config.module
            )
            return int(ask(option))
        value = self.expression(arguments[0])
        if name in ("BIT", "_BITUL", "BIT_ULL"):
            return self._binary("<<", 1, value)
        return None


def _parse_all(defines: Mapping[str, str]) -> dict[str, Any]:
    """An expression for each macro. One call of the parser for all of them, one each if that fails."""
    declarations = {name: f"int {name} = {text.replace('__force', '')};" for name, text in defines.items()}
    whole = _parse("\n".join(declarations.values()))
    if whole is not None and len(whole.ext) == len(declarations) + 1:
        return {declaration.name: declaration.init for declaration in whole.ext[1:]}
    trees: dict[str, Any] = {}
    for name, text in declarations.items():
        one = _parse(text)
        if one is not None and len(one.ext) == 2:
            trees[name] = one.ext[1].init
    return trees


def _parse(text: str) -> Any:
    """A translation unit in which ``gfp_t`` is a type; None where it isn't C."""
    # Imported here: it takes 20 ms, and a run whose masks come from a cache doesn't need it.
    from pycparser.c_parser import CParser, ParseError

    prefix = "" if text.startswith("enum") else "typedef unsigned int gfp_t;\n"
    try:
        return CParser().parse(prefix + text, "<gfp.h>")
    except (ParseError, AssertionError, RecursionError):
        return None
