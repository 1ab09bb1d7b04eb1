"""An expression in terms of other expressions: a model's, a callee's or a registration's, at one call."""

from __future__ import annotations

from gfplint import ir


def substitute(expr: ir.Expr, actual: dict[str, ir.Expr], missing: ir.Expr | None = None) -> ir.Expr:
    """``expr`` with each local named in ``actual`` replaced by its expression there.

    Other locals stay, or become ``missing`` where that is given. ``*&x`` and ``&*p`` are made plain.
    """
    match expr:
        case ir.Local(name):
            return actual.get(name, expr if missing is None else missing)
        case ir.Field(base, name):
            return ir.Field(substitute(base, actual, missing), name)
        case ir.Deref(pointer):
            inner = substitute(pointer, actual, missing)
            return inner.operand if isinstance(inner, ir.AddressOf) else ir.Deref(inner)
        case ir.Index(base, index):
            return ir.Index(substitute(base, actual, missing), substitute(index, actual, missing))
        case ir.AddressOf(operand):
            inner = substitute(operand, actual, missing)
            return inner.pointer if isinstance(inner, ir.Deref) else ir.AddressOf(inner)
        case ir.Unary(op, operand):
            return ir.Unary(op, substitute(operand, actual, missing))
        case ir.Binary(op, left, right):
            return ir.Binary(op, substitute(left, actual, missing), substitute(right, actual, missing))
        case ir.Select(condition, then, otherwise):
            return ir.Select(
                substitute(condition, actual, missing),
                substitute(then, actual, missing),
                substitute(otherwise, actual, missing),
            )
        case ir.Cast(kind, operand):
            return ir.Cast(kind, substitute(operand, actual, missing))
    return expr


def at_call(expr: ir.Expr, actual: dict[str, ir.Expr]) -> ir.Expr:
    """A model's expression in terms of a call's arguments; a parameter without one is unknown."""
    return substitute(expr, actual, ir.Opaque())
