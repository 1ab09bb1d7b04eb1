"""What the blocks of a function say before anything is evaluated."""

from __future__ import annotations

from gfplint import ir
from gfplint.analysis.state import parts, root
from gfplint.frontend.lower_builder import successors


def reverse_postorder(fn: ir.Function) -> list[int]:
    """Block number → its position in reverse postorder."""
    order = [len(fn.blocks)] * len(fn.blocks)
    seen = {0}
    stack: list[tuple[int, list[int]]] = [(0, list(successors(fn.blocks[0].end)))]
    position = len(fn.blocks)
    while stack:
        number, rest = stack[-1]
        if rest:
            following = rest.pop()
            if following not in seen:
                seen.add(following)
                stack.append((following, list(successors(fn.blocks[following].end))))
        else:
            stack.pop()
            position -= 1
            order[number] = position
    return order


def dereferenced(node: ir.Instruction | ir.Branch) -> tuple[ir.Expr, ...]:
    """The local pointers that an instruction or a condition surely follows."""
    match node:
        case ir.Assign(target, value, _):
            roots: tuple[ir.Expr, ...] = (target, value)
        case ir.Call(function, args, _, _, _):
            roots = (function, *args)
        case _:
            # Of `p && p->x` only what is evaluated first is certain.
            condition = node.condition
            while isinstance(condition, ir.Binary) and condition.op in ("&&", "||"):
                condition = condition.left
            roots = (condition,)
    found: dict[ir.Expr, None] = {}
    for each in roots:
        _pointers(each, found)
    return tuple(found)


def _pointers(expr: ir.Expr, found: dict[ir.Expr, None]) -> None:
    if isinstance(expr, ir.Binary) and expr.op in ("&&", "||"):
        _pointers(expr.left, found)
        return
    if isinstance(expr, ir.Select):
        _pointers(expr.condition, found)
        return
    if isinstance(expr, ir.Deref) and isinstance(expr.pointer, (ir.Local, ir.Temp)):
        found[expr.pointer] = None
    for part in parts(expr):
        _pointers(part, found)


def escaped(fn: ir.Function) -> frozenset[ir.Expr]:
    """Locals whose address, or that of a part of them, is stored somewhere or returned."""
    found: set[ir.Expr] = set()
    for block in fn.blocks:
        for instruction in block.instructions:
            if isinstance(instruction, ir.Assign):
                add_addressed(instruction.value, found)
        if isinstance(block.end, ir.Return) and block.end.value is not None:
            add_addressed(block.end.value, found)
    return frozenset(found)


def add_addressed(expr: ir.Expr, found: set[ir.Expr]) -> None:
    """Add the lvalues whose address, or that of a part of them, an expression takes."""
    if isinstance(expr, ir.AddressOf):
        found.add(root(expr.operand))
    for part in parts(expr):
        add_addressed(part, found)


def leading_to(fn: ir.Function, ends: set[int]) -> frozenset[int]:
    """The blocks from which every way comes to one of the ``ends``, those among them. Endless loops don't."""
    found = set(ends)
    changed = True
    while changed:
        changed = False
        for number in range(len(fn.blocks) - 1, -1, -1):
            if number in found:
                continue
            following = list(successors(fn.blocks[number].end))
            if following and all(each in found for each in following):
                found.add(number)
                changed = True
    return frozenset(found)
