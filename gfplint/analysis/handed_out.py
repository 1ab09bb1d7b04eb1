"""Waits that hang on a field of an object that the same thread was handed on its way.

``alloc(bo, place, &res); move(bo, res);`` with ``move()`` waiting only ``if (res->type != SYSTEM)``: what
decides was stored by ``alloc()`` a moment ago, from what the thread passed to it. Values aren't followed
through pointers that a callee stores, so the condition is open to the analysis, but not to the thread.
"""

from __future__ import annotations

from gfplint import ir
from gfplint.analysis.dependence import deciding
from gfplint.analysis.state import parts, root
from gfplint.analysis.summary import Effect
from gfplint.program.program import FunctionRef, Program


def handed_out(program: Program, ref: FunctionRef, effect: Effect) -> str:
    """The function that hands out an object which decides, somewhere on the way to an effect of ``ref``,
    whether the way goes on: by a comparison of a field of it with a constant. "" where there is none.
    """
    makers: dict[str, str] = {}
    each: Effect | None = effect
    while each is not None:
        fn = program.function(ref)
        if fn is None:
            return ""
        for name in _compared(fn, each.at) if makers else ():
            if name in makers:
                return makers[name]
        if each.callee is None:
            return ""
        callee = program.function(each.callee)
        known = {**makers, **_outputs(fn)}
        makers = {
            param: known[arg.name]
            for param, arg in zip(callee.params if callee is not None else (), each.call.args, strict=False)
            if isinstance(arg, ir.Local) and arg.name in known
        }
        ref, each = each.callee, each.inner
    return ""


def _outputs(fn: ir.Function) -> dict[str, str]:
    """Local pointers whose address is passed to a function, with its name: where it hands something out."""
    found: dict[str, str] = {}
    for block in fn.blocks:
        for instruction in block.instructions:
            if not isinstance(instruction, ir.Call) or not isinstance(instruction.function, ir.Global):
                continue
            for arg in instruction.args:
                if isinstance(arg, ir.AddressOf) and isinstance(arg.operand, ir.Local):
                    kind = fn.types.get(arg.operand.name)
                    if isinstance(kind, ir.Pointer):
                        found.setdefault(arg.operand.name, instruction.function.name)
    return found


def _compared(fn: ir.Function, at: int) -> list[str]:
    """Parameters of which a field is compared with a constant to decide whether the call is made."""
    blocks = [
        number
        for number, block in enumerate(fn.blocks)
        if any(isinstance(each, ir.Call) and each.at == at for each in block.instructions)
    ]
    found: list[str] = []
    for number in deciding(fn, blocks):
        end = fn.blocks[number].end
        if isinstance(end, ir.Branch):
            _add_compared(end.condition, fn, found)
    return found


def _add_compared(condition: ir.Expr, fn: ir.Function, found: list[str]) -> None:
    if isinstance(condition, ir.Binary) and condition.op in ("==", "!="):
        for one, other in ((condition.left, condition.right), (condition.right, condition.left)):
            start = root(one)
            if (
                isinstance(one, ir.Field)
                and isinstance(other, (ir.Const, ir.Global))
                and isinstance(start, ir.Deref)
                and isinstance(start.pointer, ir.Local)
                and start.pointer.name in fn.params
            ):
                found.append(start.pointer.name)
    for part in parts(condition):
        _add_compared(part, fn, found)
