"""What the text of a function says about its scopes before it is walked."""

from __future__ import annotations

from gfplint import ir
from gfplint.analysis.flow import add_addressed
from gfplint.analysis.scopes import task_flags
from gfplint.analysis.state import locals_in, parts


def call_name(call: ir.Call) -> str:
    """The name of the called function, "" for a call through a pointer."""
    return call.function.name if isinstance(call.function, ir.Global) else ""


def signature(call: ir.Call) -> ir.Expr:
    """An expression that is equal for calls of one function with the same arguments, and that is forgotten
    when one of those changes.
    """
    result = call.function
    for arg in call.args:
        result = ir.Binary("call", result, arg)
    return ir.Binary("call", result, ir.Const(len(call.args)))


def sets(instruction: ir.Assign) -> bool:
    """Whether an assignment is ``x |= …``."""
    value = instruction.value
    return isinstance(value, ir.Binary) and value.op == "|" and value.left == instruction.target


def reads_flags(expr: ir.Expr) -> bool:
    """Whether an expression reads ``current->flags``."""
    return task_flags(expr) or any(reads_flags(part) for part in parts(expr))


def flag_copies(fn: ir.Function) -> frozenset[ir.Expr]:
    """Locals that the task's flags, or some of them, are copied to."""
    return frozenset(
        each.target
        for block in fn.blocks
        for each in block.instructions
        if isinstance(each, ir.Assign) and isinstance(each.target, ir.Local) and reads_flags(each.value)
    )


def used(fn: ir.Function) -> frozenset[ir.Expr]:
    """The locals and temporaries that are read anywhere."""
    found: set[ir.Expr] = set()
    for block in fn.blocks:
        for each in block.instructions:
            for expr in (each.value,) if isinstance(each, ir.Assign) else (each.function, *each.args):
                found |= locals_in(expr)
        match block.end:
            case ir.Branch(condition, _, _, _):
                found |= locals_in(condition)
            case ir.Switch(value, _, _, _) | ir.Return(value, _) if value is not None:
                found |= locals_in(value)
    return frozenset(found)


def addressed(fn: ir.Function) -> frozenset[ir.Expr]:
    """Locals whose address, or that of a part of them, is taken anywhere."""
    found: set[ir.Expr] = set()
    for block in fn.blocks:
        for each in block.instructions:
            for expr in (each.value,) if isinstance(each, ir.Assign) else (each.function, *each.args):
                add_addressed(expr, found)
        if isinstance(block.end, ir.Return) and block.end.value is not None:
            add_addressed(block.end.value, found)
    return frozenset(found)
