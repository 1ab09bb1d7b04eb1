"""Allocation masks, as numbers and as words.

What comes in: the tree's own ``include/linux/gfp.h`` and, since 6.0, ``gfp_types.h``. What goes out: the value of
every ``___GFP_X``, ``__GFP_X`` and ``GFP_X`` they define, and the way back from a value to names. The headers'
expressions and the enum of bit numbers (since 6.10) are parsed by pycparser, so any version is read alike: bits
as ``0x10u``, as ``((__force gfp_t)___GFP_X)`` or as ``BIT(___GFP_X_BIT)``. The built-in values, those of 6.12, are for
a folder without a kernel around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from gfplint.errors import SourceError
from gfplint.kernel.kconfig import Config

if TYPE_CHECKING:
    from gfplint.kernel.tree import KernelTree

HEADERS = ("include/linux/gfp_types.h", "include/linux/gfp.h")

# The word in a report for each bit that decides how far reclaim may go, in that order.
_WORDS = (
    ("__GFP_DIRECT_RECLAIM", "direct reclaim"),
    ("__GFP_WAIT", "direct reclaim"),
    ("__GFP_IO", "IO"),
    ("__GFP_FS", "FS"),
)
_DIRECT_RECLAIM = ("__GFP_DIRECT_RECLAIM", "__GFP_WAIT")
_ALL = 0xFFFF_FFFF  # gfp_t is an unsigned int

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(\w+)[ \t]*(.*)")
_MASK_DEFINE = re.compile(r"(_*GFP_\w+)(?!\()\s+(\S.*)")
# Names that hold flags but are no way to write a mask: sets to test with, shifts, tables.
_NO_SPELLING = re.compile(r"___|\w*(?:_MASK|MASK|_SHIFT|_BIT)\Z|GFP_ZONE|__GFP_BITS")


class Bit(NamedTuple):
    """A flag by name, and its value as a mask (one bit)."""

    name: str
    value: int


class Masks:
    """The masks of one tree. ``values`` maps every name to its number."""

    def __init__(self, values: Mapping[str, int]) -> None:
        self.values: dict[str, int] = dict(values)
        bits: dict[str, int] = {}
        for name, value in self.values.items():
            single = value & (value - 1) == 0 and value != 0
            if single and name.startswith("__GFP_") and not _NO_SPELLING.match(name) and value not in bits.values():
                bits[name] = value
        self.bits = dict(sorted(bits.items(), key=lambda pair: pair[1]))
        """The single bits, ``__GFP_X`` → value, lowest first. A flag that the configuration makes 0 isn't there."""

    @classmethod
    def from_tree(cls, tree: KernelTree) -> Masks:
        """The masks that a tree's headers define; the built-in ones if they define no direct-reclaim bit."""
        texts: list[str] = []
        for path in HEADERS:
            try:
                texts.append(tree.read(path).decode("utf-8", "replace"))
            except SourceError:
                continue
        masks = cls.from_text("\n".join(texts), tree.config)
        return masks if any(name in masks.bits for name in _DIRECT_RECLAIM) else cls.builtin()

    @classmethod
    def from_text(cls, text: str, config: Config) -> Masks:
        """The masks that the text of one or more headers defines under a configuration."""
        defines, enums = _read(text, config)
        return cls(_Evaluator(defines, enums, config).values())

    @classmethod
    def builtin(cls) -> Masks:
        """The values of 6.12, for use without a tree."""
        return cls(_BUILTIN)

    def value(self, name: str) -> int | None:
        """The value of ``GFP_X``, ``__GFP_X`` or ``___GFP_X``; None for any other name."""
        return self.values.get(name)

    @cached_property
    def direct_reclaim(self) -> Bit:
        """The flag that lets an allocation reclaim by itself: ``__GFP_WAIT`` before 4.4."""
        for name in _DIRECT_RECLAIM:
            if name in self.bits:
                return Bit(name, self.bits[name])
        return Bit(_DIRECT_RECLAIM[0], _BUILTIN[_DIRECT_RECLAIM[0]])

    @cached_property
    def _compounds(self) -> list[tuple[str, int]]:
        """Names for more than one bit, most bits first; ``GFP_X`` before ``__GFP_X``, then the shorter, older name."""
        found = [
            (name, value)
            for name, value in self.values.items()
            if value.bit_count() > 1 and not _NO_SPELLING.match(name)
        ]
        # GFP_ATOMIC in old trees and GFP_NOWAIT in new ones are one bit, but nobody spells them by the bit.
        found += [(name, value) for name, value in self.values.items() if name in _ONE_BIT and value.bit_count() == 1]
        found.sort(key=lambda pair: (-pair[1].bit_count(), pair[0].startswith("_"), len(pair[0]), pair[0]))
        return found

    def names(self, value: int) -> tuple[str, ...]:
        """The shortest spelling of a mask: the largest ``GFP_X`` inside it, then single flags, lowest bit first.

        Bits that no flag has come last as one hexadecimal number; a mask of 0 is ``("0",)``.
        """
        if not value:
            return ("0",)
        best: tuple[str, ...] | None = None
        for name, compound in [*self._compounds, ("", 0)]:
            if compound & ~value:
                continue
            spelling = ((name,) if name else ()) + self._flags(value & ~compound)
            if best is None or len(spelling) < len(best):
                best = spelling
        return best or self._flags(value)

    def _flags(self, value: int) -> tuple[str, ...]:
        names: list[str] = []
        pair = self.values.get("__GFP_RECLAIM", 0)
        for name, bit in self.bits.items():
            if value & bit:
                if pair and bit & pair and value & pair == pair:
                    names.append("__GFP_RECLAIM")
                    value &= ~pair
                else:
                    names.append(name)
                    value &= ~bit
        return (*names, hex(value)) if value else tuple(names)

    def words(self, set_bits: int, clear_bits: int) -> str:
        """What a mask lets reclaim do: ``direct reclaim, IO and FS``; ``direct reclaim; not IO or FS``.

        ``set_bits`` are surely set, ``clear_bits`` surely clear; the rest is undecided: ``…; IO and FS undecided``.
        Without direct reclaim IO and FS mean nothing, and the words are ``no direct reclaim``.
        """
        present = [(word, self.bits[name]) for name, word in _WORDS if name in self.bits]
        reclaim = self.direct_reclaim.value
        if clear_bits & reclaim:
            return "no direct reclaim"
        allowed = [word for word, bit in present if set_bits & bit]
        denied = [word for word, bit in present if clear_bits & bit]
        undecided = [word for word, bit in present if not (set_bits | clear_bits) & bit]
        parts: list[str] = []
        if allowed:
            parts.append(_join(allowed, "and"))
        if denied:
            parts.append("not " + _join(denied, "or"))
        if undecided:
            parts.append(_join(undecided, "and") + " undecided")
        return "; ".join(parts)


def _join(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


_ONE_BIT = frozenset({"GFP_ATOMIC", "GFP_NOWAIT", "GFP_NOIO"})


# ----------------------------------------------------------------------------------- reading headers


def _read(text: str, config: Config) -> tuple[dict[str, str], list[str]]:
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


class _Evaluator:
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
            ask = {"IS_ENABLED": self.config.enabled, "IS_BUILTIN": self.config.builtin}.get(name, self.config.module)
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


def _builtin() -> dict[str, int]:
    single = (
        "DMA HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS ZERO - DIRECT_RECLAIM KSWAPD_RECLAIM WRITE NOWARN "
        "RETRY_MAYFAIL NOFAIL NORETRY MEMALLOC COMP NOMEMALLOC HARDWALL THISNODE ACCOUNT ZEROTAGS NOLOCKDEP NO_OBJ_EXT"
    )
    flag = {name: 1 << number for number, name in enumerate(single.split()) if name != "-"}
    # Flags of KASAN with hardware tags; 0 without it.
    flag |= {"SKIP_ZERO": 0, "SKIP_KASAN": 0}
    reclaim = flag["DIRECT_RECLAIM"] | flag["KSWAPD_RECLAIM"]
    kernel = reclaim | flag["IO"] | flag["FS"]
    highuser = kernel | flag["HARDWALL"] | flag["HIGHMEM"]
    movable = highuser | flag["MOVABLE"] | flag["SKIP_KASAN"]
    light = (movable | flag["COMP"] | flag["NOMEMALLOC"] | flag["NOWARN"]) & ~reclaim
    return {
        **{f"__GFP_{name}": value for name, value in flag.items()},
        **{f"___GFP_{name}": value for name, value in flag.items()},
        "__GFP_RECLAIM": reclaim,
        "GFP_ATOMIC": flag["HIGH"] | flag["KSWAPD_RECLAIM"],
        "GFP_KERNEL": kernel,
        "GFP_KERNEL_ACCOUNT": kernel | flag["ACCOUNT"],
        "GFP_NOWAIT": flag["KSWAPD_RECLAIM"] | flag["NOWARN"],
        "GFP_NOIO": reclaim,
        "GFP_NOFS": reclaim | flag["IO"],
        "GFP_USER": kernel | flag["HARDWALL"],
        "GFP_DMA": flag["DMA"],
        "GFP_DMA32": flag["DMA32"],
        "GFP_HIGHUSER": highuser,
        "GFP_HIGHUSER_MOVABLE": movable,
        "GFP_TRANSHUGE_LIGHT": light,
        "GFP_TRANSHUGE": light | flag["DIRECT_RECLAIM"],
    }


_BUILTIN = _builtin()
