"""Whether a thread that holds one lock of an object holds another of the same object, too.

Asked where a callback waits for the lock only after it got the other one, the *gate*, by trying
(:attr:`~gfplint.analysis.callbacks.Awaited.gates`). A thread that holds the gate is never waited for: that is
what such a callback relies on. Where the holder itself takes the gate, its region says so. The rest is told
apart here: a thread that looks the object up itself holds none of its locks but those it takes; one that was
handed the object may have been handed it with the gate held, which only its callers can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from gfplint import ir
from gfplint.analysis.callers import Callers
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.observe import observe
from gfplint.analysis.regions import Held
from gfplint.analysis.state import State
from gfplint.analysis.summary import Held as Taken
from gfplint.analysis.summary import Locks
from gfplint.models import Acquire, Allocate, Model
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call

Gate: TypeAlias = tuple[str, bool]
"""The class of a lock that a callback tries, and whether for reading."""

_LEVELS = 4
"""Callers of callers that are asked, and callees of callees that are looked through."""


class Gates:
    """Answers for one program."""

    def __init__(self, evaluator: Evaluator, callers: Callers) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._callers = callers

    def open(self, held: Held, gates: Locks) -> bool:
        """Whether the thread surely holds none of the gates of the object when it allocates, on some way."""
        pointer = self._object(held.region.held)
        return all(
            self._without(held.function, held.region.effect.at, pointer, gate, _LEVELS)
            for gate in sorted(gates)
        )

    def shut(self, held: Held, gates: Locks) -> bool:
        """Whether all who may call hold one of the gates."""
        pointer = self._object(held.region.held)
        return any(self._kept(held.function, pointer, gate, _LEVELS) for gate in sorted(gates))

    def _kept(self, ref: FunctionRef, pointer: ir.Expr, gate: Gate, levels: int) -> bool:
        """Whether every caller that hands ``ref`` the object holds its gate, or its callers do."""
        fn = self._program.function(ref)
        callers = self._callers.of(ref) if levels else None
        sources = list(_sources(pointer, fn, set())) if fn is not None else []
        if fn is None or not callers or not sources:
            return False
        for source in sources:
            if not isinstance(source, ir.Local) or source.name not in fn.params:
                return False
            position = fn.params.index(source.name)
            for caller, at in callers:
                if self._held(caller, at, gate, excluding=True) == {True}:
                    continue
                calls = list(self._calls(caller, at))
                if not all(
                    position < len(call.args) and self._kept(caller, call.args[position], gate, levels - 1)
                    for call in calls
                ):
                    return False
        return True

    def _object(self, taken: Taken) -> ir.Expr:
        """The pointer to the object whose lock is held, in terms of the function that holds it; Opaque where
        a callee has it from elsewhere.
        """
        levels = [taken]
        while levels[-1].inner is not None:
            levels.append(levels[-1].inner)
        pointer = levels[-1].pointer
        for each in reversed(levels[:-1]):
            fn = self._program.function(each.callee) if each.callee is not None else None
            if pointer is None or fn is None:
                return ir.Opaque()
            pointer = at_call(pointer, dict(zip(fn.params, each.call.args, strict=False)))
        while isinstance(pointer, (ir.AddressOf, ir.Field, ir.Cast)):
            pointer = pointer.base if isinstance(pointer, ir.Field) else pointer.operand
        if isinstance(pointer, ir.Deref):
            return pointer.pointer
        return pointer if pointer is not None else ir.Opaque()

    def _without(self, ref: FunctionRef, at: int, pointer: ir.Expr, gate: Gate, levels: int) -> bool:
        """Whether ``ref`` can come to the call at ``at`` with the object but surely without its gate."""
        fn = self._program.function(ref)
        if fn is None or True in self._held(ref, at, gate):
            return False
        return any(self._found(ref, fn, source, gate, levels) for source in _sources(pointer, fn, set()))

    def _found(self, ref: FunctionRef, fn: ir.Function, source: ir.Expr, gate: Gate, levels: int) -> bool:
        """Whether a function that gets an object from ``source`` gets it surely without its gate."""
        match source:
            case ir.Local(name) if name in fn.params:
                position = fn.params.index(name)
                callers = self._callers.of(ref) if levels else None
                return any(
                    self._without(caller, at, call.args[position], gate, levels - 1)
                    for caller, at in callers or ()
                    for call in self._calls(caller, at)
                    if position < len(call.args)
                )
            case ir.Temp(number):
                call = self._evaluator.types.calls(fn).get(number)
                return call is not None and not self._may_lock(call, fn, gate, _LEVELS)
            case ir.Global():
                return not self._callers_may_hold(ref, gate, levels)
            case ir.Field(base, _):
                owner = self._evaluator.types.strip(self._evaluator.types.type_of(base, fn), fn.path)
                if isinstance(owner, ir.Record) and gate[0].startswith(f"struct {owner.tag}."):
                    return False  # from one of its kind to the next, as lists and trees are gone through
                return not self._callers_may_hold(ref, gate, levels)
            case ir.AddressOf(ir.Opaque()):
                return True  # a list's
        return False

    def _calls(self, ref: FunctionRef, at: int) -> Iterator[ir.Call]:
        fn = self._program.function(ref)
        for block in fn.blocks if fn is not None else ():
            for instruction in block.instructions:
                if isinstance(instruction, ir.Call) and instruction.at == at:
                    yield instruction

    def _held(self, ref: FunctionRef, at: int, gate: Gate, *, excluding: bool = False) -> set[bool]:
        """Whether a function holds a gate, of whichever object, at the calls at ``at``: both answers where it
        may. With ``excluding`` only a mode counts in which the callback's try fails.
        """
        fn = self._program.function(ref)
        found: set[bool] = set()
        name, shared = gate

        def watch(call: ir.Call, state: State, _: object) -> None:
            if call.at == at:
                held = {(each.lock.name, each.shared) for each in state.held} | state.asserted
                modes = [mode for lock, mode in held if lock == name]
                found.add(any(not (excluding and shared and mode) for mode in modes))

        if fn is not None:
            observe(self._evaluator, ref, fn, watch)
        return found

    def _callers_may_hold(self, ref: FunctionRef, gate: Gate, levels: int) -> bool:
        return any(
            True in self._held(caller, at, gate) or self._callers_may_hold(caller, gate, levels - 1)
            for caller, at in ((self._callers.of(ref) or ()) if levels else ())
        )

    def _may_lock(self, call: ir.Call, fn: ir.Function, gate: Gate, levels: int) -> bool:
        """Whether what a call returns may be a new object, or one whose gate was taken on the way."""
        targets = self._evaluator.pointers.direct(call, fn)
        if isinstance(targets, Model):
            if any(isinstance(effect, Allocate) for effect in targets.effects):
                return True
            actual = dict(zip(targets.params, call.args, strict=False))
            for effect in targets.effects:
                if isinstance(effect, Acquire) and effect.lock is not None:
                    place = self._evaluator.types.place_behind(at_call(effect.lock, actual), fn)
                    if place is None or place.lock_class == gate[0]:
                        return True
            return False
        if not targets or not levels:
            return targets is None or bool(targets)
        return any(
            self._may_lock(inner, callee, gate, levels - 1)
            for ref in targets
            if (callee := self._program.function(ref)) is not None
            for block in callee.blocks
            for inner in block.instructions
            if isinstance(inner, ir.Call)
        )


def _sources(pointer: ir.Expr, fn: ir.Function, seen: set[ir.Expr]) -> Iterator[ir.Expr]:
    """Where a pointer's value comes from: parameters, results of calls, fields, ``&?`` for lists."""
    while isinstance(pointer, (ir.Cast, ir.Container)):
        pointer = pointer.operand if isinstance(pointer, ir.Cast) else pointer.pointer
    if pointer in seen:
        return
    seen.add(pointer)
    match pointer:
        case ir.Select(_, then, otherwise):
            yield from _sources(then, fn, seen)
            yield from _sources(otherwise, fn, seen)
        case ir.Index(ir.Local() as base, _):
            yield from _stored(base, fn, seen)
        case ir.AddressOf(ir.Field(base, _)):
            yield from _sources(base.pointer if isinstance(base, ir.Deref) else base, fn, seen)
        case ir.Local() | ir.Temp():
            if isinstance(pointer, ir.Local) and pointer.name in fn.params:
                yield pointer
            yield from _stored(pointer, fn, seen)
        case _:
            yield pointer


def _stored(variable: ir.Expr, fn: ir.Function, seen: set[ir.Expr]) -> Iterator[ir.Expr]:
    """The same for what a function stores in a variable, or in an array's elements."""
    for block in fn.blocks:
        for instruction in block.instructions:
            if isinstance(instruction, ir.Call):
                if instruction.result == variable:
                    yield variable
                continue
            target = instruction.target
            while isinstance(target, ir.Index):
                target = target.base
            if target == variable:
                yield from _sources(instruction.value, fn, seen)
