"""Functions that are no more than an expression over their parameters, as that expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gfplint import ir
from gfplint.analysis.values import as_bits, binary, const

_LONGEST = 16
"""Parts of an expression that stands for a call."""


def in_parameters(
    expr: ir.Expr,
    fn: ir.Function,
    aliases: Mapping[ir.Expr, ir.Expr],
    constant: Callable[[ir.Expr], int | None],
) -> ir.Expr | None:
    """``expr`` of ``fn`` with nothing in it but parameters, memory reached from them, and numbers; None where
    that can't be said, where it is long, or where it is a number.

    ``aliases``: what temporaries stand for. ``constant`` works out names, which may mean others to a caller.
    """
    count = 0

    def own(each: ir.Expr) -> ir.Expr | None:
        nonlocal count
        count += 1
        if count > _LONGEST:
            return None
        match each:
            case ir.Const():
                return each
            case ir.Local(name):
                return each if name in fn.params else None
            case ir.Temp():
                return own(aliases[each]) if each in aliases else None
            case ir.Global():
                number = constant(each)
                return None if number is None else ir.Const(number)
            case ir.Field(base, name):
                inner = own(base)
                return None if inner is None else ir.Field(inner, name)
            case ir.Deref(operand) | ir.Unary(_, operand) | ir.Cast(_, operand):
                inner = own(operand)
                return None if inner is None else _with(each, inner)
            case ir.Binary(op, left, right):
                one, other = own(left), own(right)
                if one is None or other is None:
                    return None
                if isinstance(one, ir.Const) and isinstance(other, ir.Const):
                    number = as_bits(binary(op, const(one.value), const(other.value))).signed
                    return None if number is None else ir.Const(number)
                return ir.Binary(op, one, other)
        return None

    found = own(expr)
    return None if isinstance(found, ir.Const) else found


def _with(expr: ir.Deref | ir.Unary | ir.Cast, inner: ir.Expr) -> ir.Expr:
    match expr:
        case ir.Deref():
            return ir.Deref(inner)
        case ir.Unary(op, _):
            return ir.Unary(op, inner)
        case ir.Cast(kind, _):
            return ir.Cast(kind, inner)
