"""One walk over one function's blocks, with what is known of its arguments.

States are kept per block and :attr:`State.key`; see :mod:`gfplint.analysis.state` for what is joined.
What calls do is :mod:`gfplint.analysis.calls`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.analysis import written
from gfplint.analysis.calls import Calls
from gfplint.analysis.expressions import Reader
from gfplint.analysis.scopes import assign_task_flags
from gfplint.analysis.state import Key, State
from gfplint.analysis.summary import Exit, Facts, Summary
from gfplint.analysis.values import (
    TOP,
    VALID,
    Bits,
    Pointee,
    Struct,
    Value,
    alternatives,
    join,
    plain,
    truth,
    with_deps,
)
from gfplint.analysis.values import binary as operate
from gfplint.findings import Note
from gfplint.program.program import FunctionRef

if TYPE_CHECKING:
    from gfplint.analysis.evaluate import Evaluator

_MAX_STATES = 12
"""Distinct keys per block; beyond, states are joined on the locks they have in common."""
_MAX_FORKS = 8
"""States that one block's calls may fork into before those with equal keys are joined."""
_WIDEN_AFTER = 3
_MAX_EXITS = 8


class Walk:
    """Evaluates ``fn`` once; :meth:`run` gives the summary."""

    def __init__(self, evaluator: Evaluator, fn: ir.Function, facts: Facts) -> None:
        self.evaluator = evaluator
        self.fn = fn
        self.facts = facts
        self.reader = Reader(evaluator, fn, evaluator.aliases(fn))
        self._states: list[dict[Key, State]] = [{} for _ in fn.blocks]
        self._dirty: list[set[Key]] = [set() for _ in fn.blocks]
        self._visits: dict[tuple[int, Key], int] = {}
        self._order = evaluator.order(fn)
        self._doomed = evaluator.doomed(fn)
        self._heap: list[tuple[int, int]] = []
        self._written: dict[int, frozenset[str]] = {}
        self._exits: list[Exit] = []

    def run(self, ref: FunctionRef) -> Summary:
        """Walk to the fixed point."""
        summary = Summary(ref, params=len(self.fn.params))
        calls = Calls(self.evaluator, self.fn, self.reader, summary)
        entry = State()
        self._written = summary.written
        for position, name in enumerate(self.fn.params):
            value = with_deps(self.facts.get(position), 1 << position)
            if isinstance(value, Struct):
                entry.assign_struct(ir.Local(name), value)
            else:
                entry.variables[ir.Local(name)] = value
        self._flow(0, entry)
        steps = 0
        while self._heap:
            _, number = heapq.heappop(self._heap)
            dirty = sorted(self._dirty[number])
            self._dirty[number].clear()
            for key in dirty:
                state = self._states[number].get(key)
                if state is None:
                    continue
                steps += 1
                self._block(number, state.fork(), calls)
            if steps > self.evaluator.limits.steps:
                summary.complete = False
                self.evaluator.program.note(
                    Note(
                        "budget",
                        ref.path,
                        0,
                        f"{ref.name}() has too many paths; the rest of it was not followed.",
                    )
                )
                break
        summary.exits = _settle(self._exits)
        for each in summary.exits:
            self.reader.consult(each.value)
            each.value = plain(each.value) if not each.value.deps else each.value
        summary.consulted = self.reader.consulted
        summary.places = self.reader.places
        summary.loaded = self.reader.loaded
        return summary

    # ------------------------------------------------------------------------------- blocks

    def _flow(self, target: int, state: State) -> None:
        """``state`` arrives at block ``target``."""
        if target in self._doomed:
            return  # the kernel is about to stop: what it waits for on the way there is no deadlock's matter
        states = self._states[target]
        key = state.key
        known = states.get(key)
        if known is None:
            if len(states) >= _MAX_STATES:
                self._squeeze(target, state)
                return
            states[key] = state
        else:
            visits = self._visits[target, key] = self._visits.get((target, key), 0) + 1
            if not known.merge(state, widening=visits > _WIDEN_AFTER):
                return
        if not self._dirty[target]:
            heapq.heappush(self._heap, (self._order[target], target))
        self._dirty[target].add(key)

    def _squeeze(self, target: int, state: State) -> None:
        """Too many states: join with the first one on the locks that both hold."""
        states = self._states[target]
        key, first = next(iter(states.items()))
        names = {held.lock.name for held in state.held}
        common = first.fork()
        common.held = tuple(held for held in first.held if held.lock.name in names)
        common.merge(state, widening=True)
        new = common.key
        known = states.get(new)
        if known is None:
            del states[key]
            states[new] = common
        elif not known.merge(common, widening=True):
            return
        if not self._dirty[target]:
            heapq.heappush(self._heap, (self._order[target], target))
        self._dirty[target].add(new)

    def _block(self, number: int, state: State, calls: Calls) -> None:
        block = self.fn.blocks[number]
        states = [state]
        for instruction in block.instructions:
            followed = self.evaluator.dereferenced(instruction)
            if followed:
                for each in states:
                    _know_valid(followed, each)
            if isinstance(instruction, ir.Assign):
                for each in states:
                    self._assign(instruction, each)
                continue
            after: list[State] = []
            for each in states:
                after.extend(calls.apply(instruction, each))
            states = _few(after)
            if not states:
                return
        for each in states:
            self._leave(block.end, each)

    def _assign(self, instruction: ir.Assign, state: State) -> None:
        target = instruction.target
        if isinstance(target, ir.Field) and target.name == "flags" and assign_task_flags(instruction, state):
            return
        value = self.reader.whole(instruction.value, state)
        if not isinstance(target, (ir.Local, ir.Temp)):
            self._write(target, value, state)
        if isinstance(value, Struct):
            state.assign_struct(target, value)
        else:
            state.assign(target, value)

    def _write(self, target: ir.Expr, value: Value, state: State) -> None:
        """An assignment to memory: whose it is, and whose pointers are kept there."""
        if value.deps:
            written.note(self._written, value.deps, written.NOBODY_KNOWS)
        pointer, name = written.target(target)
        known = state.variables.get(pointer) if pointer is not None else None
        if known is not None and known.deps:
            names = frozenset((name,))
            written.note(self._written, known.deps, names)
            if pointer is not None and isinstance(known, Pointee):
                state.forget_fields(pointer, names)

    def _leave(self, end: ir.Terminator, state: State) -> None:
        match end:
            case ir.Jump(target):
                self._flow(target, state)
            case ir.Branch(condition, then, otherwise, _):
                _know_valid(self.evaluator.dereferenced(end), state)
                other = state.fork()
                if self.reader.assume(condition, True, state):
                    self._flow(then, state)
                if self.reader.assume(condition, False, other):
                    self._flow(otherwise, other)
            case ir.Switch(value, cases, default, _):
                self._switch(value, cases, default, state)
            case ir.Return(value, _):
                result = self.reader.whole(value, state) if value is not None else TOP
                for each in alternatives(result):
                    self._exits.append(
                        Exit(
                            with_deps(each, result.deps), state.held, state.dropped, state.entered, state.left
                        )
                    )

    def _switch(
        self, value: ir.Expr, cases: tuple[tuple[ir.Expr, ir.Expr, int], ...], default: int, state: State
    ) -> None:
        rest = state.fork()
        self.reader.consult(self.reader.value(value, state))
        open_rest = True
        for low, high, target in cases:
            case = state.fork()
            if low == high:
                condition: ir.Expr = ir.Binary("==", value, low)
            else:
                condition = ir.Binary("&&", ir.Binary(">=", value, low), ir.Binary("<=", value, high))
            if self.reader.assume(condition, True, case):
                self._flow(target, case)
            if open_rest:
                known = operate("==", self.reader.value(value, rest), self.reader.value(low, rest))
                if low == high and truth(known) is True:
                    open_rest = False
        if open_rest:
            self._flow(default, rest)


def _know_valid(pointers: tuple[ir.Expr, ...], state: State) -> None:
    """Pointers that are followed here can't be NULL: the code says so itself, or has crashed."""
    for pointer in pointers:
        value = state.variables.get(pointer, TOP)
        if isinstance(value, Bits) and not value.ones and not value.zeros:
            state.variables[pointer] = with_deps(VALID, value.deps)


def _few(states: list[State]) -> list[State]:
    """Forked states, those with equal keys joined once there are many."""
    if len(states) <= _MAX_FORKS:
        return states
    kept: dict[Key, State] = {}
    for state in states:
        known = kept.get(state.key)
        if known is None:
            kept[state.key] = state
        else:
            known.merge(state, widening=False)
    return list(kept.values())


def _settle(exits: list[Exit]) -> list[Exit]:
    """Exits that callers can tell apart: by what changed, and by value.

    A lock that is held (or dropped) on one exit and not on another counts only where the returned value
    tells the two apart (a trylock's wrapper, an error path that unlocks); otherwise the function counts as
    leaving that lock alone. A lock that leaks from the analysis would put everything after the call under it.
    """
    while True:
        groups: dict[tuple[object, ...], Exit] = {}
        for each in exits:
            known = groups.get(each.change)
            if known is None:
                groups[each.change] = Exit(each.value, each.taken, each.dropped, each.entered, each.left)
            else:
                known.value = join(known.value, each.value)
        result = list(groups.values())
        taken = {held.lock.name for each in result for held in each.taken}
        dropped = {name for each in result for name in each.dropped}
        doubtful = {name for name in sorted(taken) if _ambiguous(name, result, _takes)}
        ignored = {name for name in sorted(dropped) if _ambiguous(name, result, _drops)}
        if not doubtful and not ignored:
            return result[:_MAX_EXITS]
        for each in result:
            each.taken = tuple(held for held in each.taken if held.lock.name not in doubtful)
            each.dropped -= ignored
        exits = result


def _takes(exit_: Exit, name: str) -> bool:
    return any(held.lock.name == name for held in exit_.taken)


def _drops(exit_: Exit, name: str) -> bool:
    return name in exit_.dropped


def _ambiguous(name: str, exits: list[Exit], does: Callable[[Exit, str], bool]) -> bool:
    having = [each for each in exits if does(each, name)]
    lacking = [each for each in exits if not does(each, name)]
    return any(not _disjoint(one.value, other.value) for one in having for other in lacking)


def _disjoint(left: Value, right: Value) -> bool:
    return all(
        truth(operate("==", one, other)) is False
        for one in alternatives(left)
        for other in alternatives(right)
    )
