"""The workbench that lowering stands at: blocks being written, names in scope, the text being read.

What comes in: requests from expressions, macros and statements; what goes out: finished basic blocks.
Nothing here looks at C syntax.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

from gfplint import ir

if TYPE_CHECKING:
    from tree_sitter import Node

    from gfplint.frontend.marks import Mark
    from gfplint.frontend.parse import Parsed
    from gfplint.frontend.symbols import Symbols

_NO_MARKS: dict[int, Mark] = {}
_OPEN = ir.Stop()
"""The end of a block that is still being written. It is also what an end never reached stays."""


class Unit:
    """One parsed text: the function's own, or a macro's expansion.

    ``ranges`` are the stretches of an expansion that were arguments: (start, end, offset in ``parent``).
    What stands there has the position, and the macros that may not be expanded again, of ``parent``.
    """

    __slots__ = (
        "active",
        "at",
        "base",
        "depth",
        "marks",
        "original",
        "parent",
        "ranges",
        "starts",
        "text",
        "via",
    )

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.original = text
        self.marks: dict[int, Mark] = _NO_MARKS
        self.base = 0
        self.at = -1
        self.via = ""
        self.active: frozenset[str] = frozenset()
        self.depth = 0
        self.parent: Unit | None = None
        self.ranges: tuple[tuple[int, int, int], ...] = ()
        self.starts: list[int] = []

    def read(self, parsed: Parsed, base: int) -> Unit:
        """Let this be the text of ``parsed``, in which what it was before starts at ``base``; itself."""
        self.text = parsed.text
        self.original = parsed.original
        self.marks = parsed.marks
        self.base = base
        return self

    def nested(self, text: bytes, ranges: tuple[tuple[int, int, int], ...], use: int, name: str) -> Unit:
        """The expansion ``text`` of macro ``name`` used at ``use`` in this text."""
        unit = Unit(text)
        unit.at, via = self.place(use)
        unit.via = f"{via}>{name}" if via else name
        unit.active = self.active_at(use) | {name}
        unit.depth = self.depth + 1
        unit.parent = self
        unit.ranges = ranges
        unit.starts = [item[0] for item in ranges]
        return unit

    def quoted(self, start: int, end: int) -> Unit:
        """The text at a span of this one, to be parsed by itself; positions in it stay true."""
        unit = Unit(self.original[start:end])
        unit.at, unit.via = self.place(start)
        unit.active = self.active_at(start)
        unit.depth = self.depth + 1
        unit.parent = self
        unit.ranges, unit.starts = ((0, end - start, start),), [0]
        return unit

    def place(self, offset: int) -> tuple[int, str]:
        """The position in the file of what stands at ``offset`` here, and the macros that it came through."""
        if self.parent is None:
            return self.base + offset, self.via
        origin = self.origin(offset)
        if origin >= 0:
            return self.parent.place(origin)
        return self.at, self.via

    def origin(self, offset: int) -> int:
        """Where in ``parent`` the argument text at ``offset`` stands; -1 where it is no argument's."""
        if self.starts:
            found = bisect_right(self.starts, offset - self.base) - 1
            if found >= 0:
                start, end, source = self.ranges[found]
                if offset - self.base < end:
                    return source + offset - self.base - start
        return -1

    def active_at(self, offset: int) -> frozenset[str]:
        """Macros being expanded around ``offset``; the preprocessor does not expand them again."""
        if self.parent is not None:
            origin = self.origin(offset)
            if origin >= 0:
                return self.parent.active_at(origin)
        return self.active


class Cleanup:
    """What has to run when a scope is left: a list that shares its tail with the scopes around it."""

    __slots__ = ("depth", "emit", "parent")

    def __init__(self, parent: Cleanup | None, emit: Callable[[], None]) -> None:
        self.parent = parent
        self.emit = emit
        self.depth: int = parent.depth + 1 if parent else 1


class Builder:
    """Blocks, temporaries, locals and scopes of one function under construction."""

    def __init__(self, symbols: Symbols, path: str, unit: Unit) -> None:
        self.symbols = symbols
        self.path = path
        self.unit = unit
        self.blocks: list[ir.Block] = []
        self.written: dict[int, int] = {}
        self.current = -1
        self.here: list[ir.Instruction] = []
        self.temps = 0
        self.types: dict[str, ir.Type] = {}
        self.statics: set[str] = set()
        self.static_values: dict[str, tuple[ir.Initialiser, ...]] = {}
        self.names: dict[str, ir.Expr] = {}
        self.undo: list[tuple[str, ir.Expr | None]] = []
        self.cleanup: Cleanup | None = None
        self.scalars: dict[str, dict[str, ir.Local]] = {}
        self.expanded = 0
        self.begin()

    # ---------------------------------------------------------------------------- blocks

    def fresh(self) -> int:
        """A new block, not yet being written."""
        self.blocks.append(ir.Block([], _OPEN))
        return len(self.blocks) - 1

    def resume(self, block: int) -> None:
        """Write to ``block`` from now on; the one written so far keeps whatever end it has."""
        self.current = block
        self.here = self.blocks[block].instructions
        self.written.setdefault(block, len(self.written))

    def begin(self) -> int:
        """A new block, written from now on; nothing leads to it yet."""
        block = self.fresh()
        self.resume(block)
        return block

    def forget(self, count: int) -> None:
        """Drop all blocks but the first ``count``: what was written into them was a trial."""
        for block in range(count, len(self.blocks)):
            self.written.pop(block, None)
        del self.blocks[count:]

    def end(self, terminator: ir.Terminator) -> None:
        """Close the block being written. Where one has been closed already, this one cannot be reached."""
        block = self.blocks[self.current]
        if block.end is _OPEN:
            block.end = terminator

    def jump(self, target: int) -> None:
        """Close the block being written with a jump."""
        self.end(ir.Jump(target))

    def start(self, block: int) -> None:
        """Fall from the block being written into ``block`` and write there."""
        self.end(ir.Jump(block))
        self.resume(block)

    def branch(self, condition: ir.Expr, then: int, otherwise: int, at: int) -> None:
        """Close the block being written with a branch, or with a jump where the condition is known."""
        if isinstance(condition, ir.Const):
            self.end(ir.Jump(then if condition.value else otherwise))
        elif isinstance(condition, (ir.AddressOf, ir.String)):
            self.end(ir.Jump(then))
        else:
            while isinstance(condition, ir.Unary) and condition.op == "!":
                condition = condition.operand
                then, otherwise = otherwise, then
            self.end(ir.Branch(condition, then, otherwise, at))

    def temp(self) -> ir.Temp:
        """A new temporary."""
        self.temps += 1
        return ir.Temp(self.temps - 1)

    def assign(self, target: ir.Expr, value: ir.Expr, offset: int) -> None:
        """``target = value`` at ``offset`` of the text being read."""
        self.here.append(ir.Assign(target, value, self.unit.place(offset)[0]))

    def emit_call(self, function: ir.Expr, args: tuple[ir.Expr, ...], offset: int) -> ir.Temp:
        """A call; its result."""
        result = self.temp()
        at, via = self.unit.place(offset)
        self.here.append(ir.Call(function, args, result, at, via))
        return result

    def at(self, node: Node) -> int:
        """Where ``node`` stands in the file."""
        return self.unit.place(node.start_byte)[0]

    def word(self, node: Node) -> str:
        """The text of a leaf."""
        return self.unit.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # ------------------------------------------------------------------------------ names

    def declare(self, name: str, type_: ir.Type) -> ir.Local:
        """A new local; renamed ``name@N`` where the function has that name already."""
        unique = name
        number = 1
        while unique in self.types:
            number += 1
            unique = f"{name}@{number}"
        self.types[unique] = type_
        local = ir.Local(unique)
        self.bind(name, local)
        return local

    def unnamed(self, prefix: str, type_: ir.Type) -> ir.Local:
        """A new local that the source has no name for, ``prefix@N``."""
        number = 1
        while f"{prefix}@{number}" in self.types:
            number += 1
        unique = f"{prefix}@{number}"
        self.types[unique] = type_
        return ir.Local(unique)

    def bind(self, name: str, value: ir.Expr) -> None:
        """Let ``name`` mean ``value`` until the scope ends."""
        self.undo.append((name, self.names.get(name)))
        self.names[name] = value

    def unbind(self, mark: int) -> None:
        """Forget names bound since ``len(self.undo)`` was ``mark``."""
        while len(self.undo) > mark:
            name, old = self.undo.pop()
            if old is None:
                self.names.pop(name, None)
            else:
                self.names[name] = old

    # --------------------------------------------------------------------------- clean-up

    def defer(self, emit: Callable[[], None]) -> None:
        """Run ``emit`` on every way out of the scope."""
        self.cleanup = Cleanup(self.cleanup, emit)

    def run_cleanups(self, down_to: Cleanup | None) -> None:
        """Write the clean-ups of the scopes being left, innermost first, down to (without) ``down_to``.
        While one is written, those inside it no longer are in force.
        """
        saved = self.cleanup
        step = saved
        while step is not None and step is not down_to:
            self.cleanup = step.parent
            step.emit()
            step = step.parent
        self.cleanup = saved

    # ----------------------------------------------------------------- small expressions

    def field(self, base: ir.Expr, name: str) -> ir.Expr:
        """``base.name``, where a guard's own struct is taken apart into locals."""
        if self.scalars and isinstance(base, ir.Local) and base.name in self.scalars:
            parts = self.scalars[base.name]
            if name not in parts:
                parts[name] = ir.Local(f"{base.name}.{name}")
            self.types.setdefault(parts[name].name, ir.UnknownType())
            return parts[name]
        return ir.Field(base, name)


def stable(value: ir.Expr) -> bool:
    """Whether clean-up code cannot change the value: nothing in it reads memory."""
    if isinstance(value, (ir.Const, ir.Temp, ir.String, ir.Global, ir.Local, ir.Sizeof)):
        return True
    if isinstance(value, (ir.Unary, ir.Cast)):
        return stable(value.operand)
    if isinstance(value, ir.Binary):
        return stable(value.left) and stable(value.right)
    return False


def dereference(pointer: ir.Expr) -> ir.Expr:
    """``*pointer``; ``*&x`` is ``x``."""
    if isinstance(pointer, ir.AddressOf):
        return pointer.operand
    return ir.Deref(pointer)


def address(operand: ir.Expr) -> ir.Expr:
    """``&operand``; ``&*p`` is ``p``."""
    if isinstance(operand, ir.Deref):
        return operand.pointer
    return ir.AddressOf(operand)


def finished(blocks: list[ir.Block], written: dict[int, int]) -> list[ir.Block]:
    """``blocks`` without those that cannot be reached or hold nothing but a jump, and with straight lines
    joined; renumbered in the order in which they were written (``written``: when each was begun).
    """
    ends: dict[int, int] = {}

    def through(target: int) -> int:
        seen: dict[int, None] = {}
        while target not in seen:
            block = blocks[target]
            if target in ends or block.instructions or not isinstance(block.end, ir.Jump):
                break
            seen[target] = None
            target = block.end.target
        if target in seen:  # an endless loop with nothing in it
            chain = list(seen)
            target = min(chain[chain.index(target) :])
        target = ends.get(target, target)
        ends.update(dict.fromkeys(seen, target))
        return target

    order: list[int] = []
    first = through(0)
    incoming: dict[int, int] = {first: 1}
    pending = [first]
    reached = {pending[0]}
    while pending:
        number = pending.pop()
        order.append(number)
        block = blocks[number]
        block.end = retarget(block.end, through)
        for target in successors(block.end):
            incoming[target] = incoming.get(target, 0) + 1
            if target not in reached:
                reached.add(target)
                pending.append(target)
    gone: set[int] = set()
    for number in order:
        if number in gone:
            continue
        block = blocks[number]
        while (
            isinstance(block.end, ir.Jump) and incoming[block.end.target] == 1 and block.end.target != number
        ):
            target = block.end.target
            gone.add(target)
            block.instructions.extend(blocks[target].instructions)
            block.end = blocks[target].end
    kept = [number for number in order if number not in gone]
    kept.sort(key=lambda number: (written.get(number, len(written)), number))
    kept.remove(first)
    kept.insert(0, first)
    numbering = {number: index for index, number in enumerate(kept)}
    result = []
    for number in kept:
        block = blocks[number]
        block.end = retarget(block.end, numbering.__getitem__)
        result.append(block)
    return result


def successors(end: ir.Terminator) -> tuple[int, ...]:
    """Block numbers that ``end`` may go to, in order, possibly more than once."""
    if isinstance(end, ir.Jump):
        return (end.target,)
    if isinstance(end, ir.Branch):
        return (end.then, end.otherwise)
    if isinstance(end, ir.Switch):
        return (*(case[2] for case in end.cases), end.default)
    return ()


def retarget(end: ir.Terminator, to: Callable[[int], int]) -> ir.Terminator:
    """``end`` with every target replaced by ``to(target)``; both ways of a branch equal make a jump."""
    if isinstance(end, ir.Jump):
        return ir.Jump(to(end.target))
    if isinstance(end, ir.Branch):
        then, otherwise = to(end.then), to(end.otherwise)
        if then == otherwise:
            return ir.Jump(then)
        return ir.Branch(end.condition, then, otherwise, end.at)
    if isinstance(end, ir.Switch):
        cases = tuple((low, high, to(block)) for low, high, block in end.cases)
        return ir.Switch(end.value, cases, to(end.default), end.at)
    return end
