"""What the blocks of a function say before anything is evaluated."""

from __future__ import annotations

from collections.abc import Iterator

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


def surely_followed(fn: ir.Function, pointer: ir.Local, call: ir.Call) -> bool:
    """Whether a parameter, which the function leaves as it is, is not NULL where it comes to ``call``: it
    follows the pointer, or finds that it is not NULL, on every way there, or follows it on every way on.
    """
    for block in fn.blocks:
        for instruction in block.instructions:
            if isinstance(instruction, ir.Assign) and instruction.target == pointer:
                return False
            if ir.AddressOf(pointer) in _operands(instruction):
                return False
    home, index = _position(fn, call)
    if home < 0:
        return False
    if any(pointer in dereferenced(each) for each in fn.blocks[home].instructions[: index + 1]):
        return True
    return not _comes_to(fn, pointer, home) or _never_leaves(fn, pointer, home, index)


def _position(fn: ir.Function, call: ir.Call) -> tuple[int, int]:
    """The block of a call and its place there, (-1, -1) for none. A function that an API model calls back has
    the call's offset and result.
    """
    for number, block in enumerate(fn.blocks):
        for position, each in enumerate(block.instructions):
            if isinstance(each, ir.Call) and each.at == call.at and each.result == call.result:
                return number, position
    return -1, -1


def calls_before(fn: ir.Function, call: ir.Call) -> Iterator[ir.Call]:
    """The calls from which some way leads to another one of the same function."""
    home, index = _position(fn, call)
    before: list[list[int]] = [[] for _ in fn.blocks]
    for number, block in enumerate(fn.blocks):
        for following in successors(block.end):
            before[following].append(number)
    seen: set[int] = set()
    rest = list(before[home]) if home >= 0 else []
    while rest:
        number = rest.pop()
        if number not in seen:
            seen.add(number)
            rest.extend(before[number])
    for number, block in enumerate(fn.blocks):
        instructions = block.instructions
        if number == home and number not in seen:
            instructions = instructions[:index]
        if number == home or number in seen:
            yield from (each for each in instructions if isinstance(each, ir.Call))


def _operands(instruction: ir.Instruction) -> tuple[ir.Expr, ...]:
    if isinstance(instruction, ir.Call):
        return (instruction.function, *instruction.args)
    return (instruction.target, instruction.value)


def _onward(fn: ir.Function, pointer: ir.Local, number: int, first: int = 0) -> list[int]:
    """The blocks to which control goes on from an instruction of a block without following the pointer."""
    block = fn.blocks[number]
    if any(pointer in dereferenced(each) for each in block.instructions[first:]):
        return []
    end = block.end
    if not isinstance(end, ir.Branch):
        return list(successors(end))
    if pointer in dereferenced(end):
        return []
    return [
        target
        for outcome, target in ((True, end.then), (False, end.otherwise))
        if not _says_valid(end.condition, outcome, pointer)
    ]


def _says_valid(condition: ir.Expr, outcome: bool, pointer: ir.Local) -> bool:
    """Whether a condition with this outcome says that a pointer isn't NULL."""
    match condition:
        case ir.Local():
            return outcome and condition == pointer
        case ir.Unary("!", operand):
            return _says_valid(operand, not outcome, pointer)
        case ir.Cast(_, operand):
            return _says_valid(operand, outcome, pointer)
        case ir.Binary("&&" | "||" as op, left, right):
            return (op == "&&") == outcome and (
                _says_valid(left, outcome, pointer) or _says_valid(right, outcome, pointer)
            )
        case ir.Binary("==" | "!=" as op, left, ir.Const(0)):
            return _says_valid(left, outcome == (op == "!="), pointer)
    return False


def _comes_to(fn: ir.Function, pointer: ir.Local, home: int) -> bool:
    """Whether some way leads from the start to a block without following the pointer."""
    seen = {0}
    rest = [0]
    while rest:
        number = rest.pop()
        if number == home:
            return True
        for following in _onward(fn, pointer, number):
            if following not in seen:
                seen.add(following)
                rest.append(following)
    return False


def _never_leaves(fn: ir.Function, pointer: ir.Local, home: int, index: int) -> bool:
    """Whether every way on from an instruction to a return follows the pointer."""
    seen: set[int] = set()
    rest = [(home, index + 1)]
    while rest:
        number, first = rest.pop()
        block = fn.blocks[number]
        ahead = _onward(fn, pointer, number, first)
        followed = any(pointer in dereferenced(each) for each in block.instructions[first:])
        if isinstance(block.end, ir.Return) and not followed:
            return False
        for following in ahead:
            if following not in seen:
                seen.add(following)
                rest.append((following, 0))
    return True
