"""Constants as C reads them, and the little that can be folded without knowing types.

What comes in: tokens and values; what goes out: values.
"""

from __future__ import annotations

import re

from gfplint import ir

OPAQUE = ir.Opaque()
ZERO = ir.Const(0)
ONE = ir.Const(1)
STRING = ir.String()

_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}


def number(text: str) -> ir.Expr:
    """An integer constant's value; a floating one's is Opaque."""
    digits = text.replace("'", "").rstrip("uUlLzZ")
    try:
        if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567":
            return ir.Const(int(digits, 8))
        return ir.Const(int(digits, 0))
    except ValueError:
        return OPAQUE


def character(text: str) -> ir.Expr:
    r"""A character constant's value, ``'\n'`` and ``'\x41'`` too."""
    inner = text[text.find("'") + 1 : text.rfind("'")]
    if not inner:
        return OPAQUE
    if inner[0] != "\\":
        return ir.Const(ord(inner[0])) if len(inner) == 1 else OPAQUE
    rest = inner[1:]
    try:
        if rest[:1] == "x":
            return ir.Const(int(rest[1:], 16))
        if rest[:1] in tuple("01234567"):
            return ir.Const(int(rest, 8))
    except ValueError:
        return OPAQUE
    return ir.Const(_ESCAPES.get(rest[:1], ord(rest[0]) if rest else 0))


def negation(value: ir.Expr) -> ir.Expr:
    """``!value``, folded where the value is known."""
    if isinstance(value, ir.Const):
        return ONE if value.value == 0 else ZERO
    return ir.Unary("!", value)


def binary(operator: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """``left operator right``; logic and comparisons of constants are folded, arithmetic is not: its width
    depends on types.
    """
    if isinstance(left, ir.Const):
        if operator == "&&":
            return ZERO if left.value == 0 else truth(right)
        if operator == "||":
            return ONE if left.value != 0 else truth(right)
        if isinstance(right, ir.Const):
            if operator == "==":
                return ONE if left.value == right.value else ZERO
            if operator == "!=":
                return ONE if left.value != right.value else ZERO
    return ir.Binary(operator, left, right)


def truth(value: ir.Expr) -> ir.Expr:
    """``value`` as 0 or 1."""
    if isinstance(value, ir.Const):
        return ONE if value.value else ZERO
    if isinstance(value, ir.Unary) and value.op == "!":
        return value
    if isinstance(value, ir.Binary) and value.op in ("==", "!=", "<", ">", "<=", ">=", "&&", "||"):
        return value
    return ir.Binary("!=", value, ZERO)


_TYPE_NAME = re.compile(r"(?:__)?(?:u|s|le|be)(?:8|16|32|64)|\w+_t|bool|uint|ulong|ushort")


def type_name(name: str) -> bool:
    """Whether a name is a type's by its form, which kernel style makes reliable."""
    return _TYPE_NAME.fullmatch(name) is not None


def lvalue(value: ir.Expr) -> ir.Expr:
    """Something that can be assigned to; casts go, and what is no lvalue becomes an unknown place."""
    while isinstance(value, ir.Cast):
        value = value.operand
    if isinstance(value, (ir.Local, ir.Global, ir.Field, ir.Deref, ir.Index, ir.Temp)):
        return value
    return ir.Deref(value) if isinstance(value, ir.Opaque) else ir.Deref(OPAQUE)
