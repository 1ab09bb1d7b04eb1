"""One walk over one function that follows the cookies of the scopes it enters.

In: a function, the names of what enters and leaves scopes, and what wrappers do. Out: the problems on its
paths, and what a caller of it as a wrapper has to know.

A cookie that gets out of the function's hands (stored in memory, passed on, returned, tested, computed with)
takes its scope along: whoever has it restores, and this walk says no more about it.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.analysis.calls import Calls
from gfplint.analysis.dependence import deciding
from gfplint.analysis.expressions import Reader
from gfplint.analysis.locksets import forget_outputs
from gfplint.analysis.scope_state import (
    UNSET,
    Entry,
    Problem,
    ScopeState,
    Trace,
    cookies_in,
    numbers_of,
    root,
)
from gfplint.analysis.scopes import scopes_of_flags, task_flags
from gfplint.analysis.state import State, locals_in, parts
from gfplint.analysis.summary import Facts, Summary
from gfplint.analysis.values import Cookie, alternatives, as_bits, truth, with_deps
from gfplint.analysis.walk import Walk
from gfplint.models import Acquire, Allocate, EnterScope, LeaveScope, Model, Release
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call

if TYPE_CHECKING:
    from gfplint.analysis.evaluate import Evaluator

_MAX_PATHS = 48
"""Paths that are kept apart at a block; beyond, they are joined, and what is found on them is doubtful."""
_MAX_BLOCKS = 12000
_MAX_CONDITIONS = 40
_WIDEN_AFTER = 3


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What a function does with cookies: the kind of the scope whose cookie it ``returns`` ("" for none), and
    the parameters, by position, that it ``restores``, each with its kind.
    """

    returns: str = ""
    restores: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Way:
    """One way out: what is open behind it, the entry whose cookie is returned (-1 for none)."""

    open: tuple[int, ...]
    returned: int
    at: int
    restored: frozenset[tuple[int, str]]
    trace: Trace | None
    joined: bool


class ScopeWalk(Walk):
    """Walks ``fn``. ``scoping`` are the names of the API models about scopes, ``wrappers`` the functions that
    are known to do the same. ``follow``: whether other calls are evaluated, or may do anything.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        fn: ir.Function,
        scoping: frozenset[str],
        wrappers: Mapping[FunctionRef, Wrapper],
        *,
        follow: bool,
    ) -> None:
        super().__init__(evaluator, fn, Facts())
        self.scoping = scoping
        self._wrappers = wrappers
        self._wrapper_names = {ref.name for ref in wrappers}
        self.follow = follow
        self.entries: list[Entry] = []
        self.problems: dict[tuple[str, int, int], Problem] = {}
        self.ways: list[_Way] = []
        self.closed: set[int] = set()
        """Entries that some path restores."""
        self._numbers: dict[object, int] = {}
        self._blocks = {id(block.end): number for number, block in enumerate(fn.blocks)}
        self._addressed = _addressed(fn)
        self._used = _used(fn)
        self._flag_copies = _flag_copies(fn)
        self._conditions: list[ir.Expr] = []
        self._recorded: dict[ir.Expr, ir.Expr] = {}
        self._recalled: dict[ir.Expr, ir.Expr] = {}
        self._survey()

    # ------------------------------------------------------------------------------- survey

    def _survey(self) -> None:
        """Find the conditions that decide about saves and restores, and calls that are made for both."""
        saves: list[int] = []
        restores: list[int] = []
        calls: dict[ir.Expr, ir.Expr] = {}
        for number, block in enumerate(self.fn.blocks):
            for each in block.instructions:
                if isinstance(each, ir.Call):
                    calls[each.result] = _signature(each)
                    if self._enters(each):
                        saves.append(number)
                    elif self._concerns(each):
                        restores.append(number)
                elif task_flags(each.target):
                    (saves if _sets(each) else restores).append(number)
        before, behind = deciding(self.fn, saves), deciding(self.fn, restores)
        for number in sorted({*before, *behind})[:_MAX_CONDITIONS]:
            end = self.fn.blocks[number].end
            if isinstance(end, (ir.Branch, ir.Switch)):
                self._conditions.append(end.condition if isinstance(end, ir.Branch) else end.value)
        tested = {temp: calls[temp] for temp in self._temps(before) if temp in calls}
        for temp in self._temps(behind):
            if temp not in tested and calls.get(temp) in tested.values():
                self._recalled[temp] = calls[temp]
        self._recorded = {temp: sign for temp, sign in tested.items() if sign in self._recalled.values()}

    def _temps(self, blocks: list[int]) -> list[ir.Expr]:
        """The results of calls that the branches of these blocks test."""
        found: list[ir.Expr] = []
        for number in blocks:
            end = self.fn.blocks[number].end
            if isinstance(end, ir.Branch):
                found += sorted(
                    (each for each in locals_in(end.condition) if isinstance(each, ir.Temp)),
                    key=lambda temp: temp.number,
                )
        return found

    def _enters(self, call: ir.Call) -> bool:
        wrapper, name = self.wrapper_of(call), _name(call)
        if wrapper is not None:
            return bool(wrapper.returns)
        model = self.evaluator.program.models.get(name) if name in self.scoping else None
        return model is not None and any(isinstance(each, EnterScope) for each in model.effects)

    def _concerns(self, call: ir.Call) -> bool:
        return _name(call) in self.scoping or self.wrapper_of(call) is not None

    def wrapper_of(self, call: ir.Call) -> Wrapper | None:
        """What the called function does as a wrapper; None where it is none."""
        if _name(call) not in self._wrapper_names:
            return None
        targets = self.evaluator.pointers.direct(call, self.fn)
        return self._wrappers.get(targets[0]) if isinstance(targets, tuple) and targets else None

    # --------------------------------------------------------------------------------- walk

    def walk(self, ref: FunctionRef) -> None:
        """Walk to the fixed point; fills :attr:`problems`, :attr:`ways` and :attr:`entries`."""
        calls = ScopeCalls(self.evaluator, self.fn, self.reader, Summary(ref), self)
        entry = ScopeState()
        for position, name in enumerate(self.fn.params):
            entry.variables[ir.Local(name)] = with_deps(Facts().get(position), 1 << position)
        for local in self._cookie_variables():
            entry.variables[local] = UNSET
        self._flow(0, entry)
        blocks = 0
        while self._heap and blocks <= _MAX_BLOCKS:
            _, number = heapq.heappop(self._heap)
            dirty = sorted(self._dirty[number])
            self._dirty[number].clear()
            for key in dirty:
                state = self._states[number].get(key)
                if state is not None:
                    blocks += 1
                    self._block(number, state.fork(), calls)
        for way in self.ways:
            for number in way.open:
                if number != way.returned:
                    self._report(Problem("left-open", number, way.at, way.trace, joined=way.joined))

    def wrapper(self) -> Wrapper:
        """What callers have to know; call it after :meth:`walk`."""
        if not self.ways:
            return Wrapper()
        kinds = {
            self.entries[way.returned].kind if way.returned >= 0 and way.open == (way.returned,) else ""
            for way in self.ways
        }
        restored = self.ways[0].restored
        for way in self.ways:
            restored &= way.restored
        return Wrapper(kinds.pop() if len(kinds) == 1 else "", tuple(sorted(restored)))

    def _cookie_variables(self) -> list[ir.Local]:
        """Local variables that are restored as cookies, and that nothing but an assignment can set."""
        if self.fn.errors:
            return []
        found: dict[ir.Local, None] = {}
        for block in self.fn.blocks:
            for each in block.instructions:
                if isinstance(each, ir.Call) and self._concerns(each) and not self._enters(each):
                    for arg in each.args:
                        while isinstance(arg, ir.Cast):
                            arg = arg.operand
                        if isinstance(arg, ir.Local) and self._is_private(arg):
                            found[arg] = None
        return list(found)

    def _is_private(self, local: ir.Local) -> bool:
        """Whether a local variable lives in this call of the function only, out of anybody else's reach."""
        fn = self.fn
        return local.name not in fn.params and local.name not in fn.statics and local not in self._addressed

    def _flow(self, target: int, state: State) -> None:
        """``state`` arrives at block ``target``."""
        assert isinstance(state, ScopeState)
        state.marks = tuple(self._mark(condition, state) for condition in self._conditions)
        states = self._states[target]
        key = state.key
        known = states.get(key)
        if known is None and len(states) >= _MAX_PATHS:
            alike = [each for each in states if each[0] == key[0]]
            if alike:
                key = alike[0]
                known = states[key]
                state.joined = True
        if known is None:
            states[key] = state
        else:
            visits = self._visits[target, key] = self._visits.get((target, key), 0) + 1
            if not known.merge(state, widening=visits > _WIDEN_AFTER):
                return
        if not self._dirty[target]:
            heapq.heappush(self._heap, (self._order[target], target))
        self._dirty[target].add(key)

    def _mark(self, condition: ir.Expr, state: ScopeState) -> str:
        value = self.reader.value(condition, state)
        answer = truth(value)
        constant = as_bits(value).constant
        return str(constant) if constant is not None else "" if answer is None else str(answer)

    def _assign(self, instruction: ir.Assign, state: State) -> None:
        assert isinstance(state, ScopeState)
        target, value = instruction.target, instruction.value
        if task_flags(target):
            self._flags_by_hand(instruction, state)
            return
        local = target if isinstance(target, ir.Temp) else root(target)
        private = isinstance(local, ir.Temp) or (local is not None and self._is_private(local))
        plain = value
        while isinstance(plain, ir.Cast):
            plain = plain.operand
        whole = isinstance(plain, (ir.Local, ir.Temp, ir.Field, ir.Index))
        if not private or not whole:
            state.hand_over(cookies_in(value, state))
        state.assign(target, self.reader.value(value, state))

    def _leave(self, end: ir.Terminator, state: State) -> None:
        assert isinstance(state, ScopeState)
        match end:
            case ir.Branch(condition, then, otherwise, at):
                self._look(condition, state)
                for outcome, target in ((True, then), (False, otherwise)):
                    other = state.fork()
                    if self.reader.assume(condition, outcome, other):
                        other.note("branch", at, self._blocks[id(end)], outcome)
                        self._record(condition, other)
                        self._flow(target, other)
            case ir.Switch(value, _, _, at):
                self._look(value, state)
                state.note("switch", at, self._blocks[id(end)])
                super()._leave(end, state)
            case ir.Return(value, at):
                found = self.reader.value(value, state) if value is not None else None
                numbers = numbers_of(found) & set(state.open)
                exact = isinstance(found, Cookie) and bool(numbers)
                returned = min(numbers) if exact else -1
                if value is not None and not exact:
                    state.hand_over(cookies_in(value, state))
                self.ways.append(
                    _Way(state.open, returned, at, state.restored, state.trace, state.joined)
                )
            case _:
                super()._leave(end, state)

    def _look(self, condition: ir.Expr, state: ScopeState) -> None:
        """A cookie that is tested tells whether it has to be restored: what the test means is not known."""
        state.hand_over(cookies_in(condition, state))
        if _reads_flags(condition) or locals_in(condition) & self._flag_copies:
            state.hand_over(frozenset(each for each in state.open if not self.entries[each].call))

    # ------------------------------------------------------------------------ repeated calls

    def _record(self, condition: ir.Expr, state: ScopeState) -> None:
        """A call decided whether to save; keep its answer for the one that decides whether to restore."""
        for temp in locals_in(condition):
            sign = self._recorded.get(temp)
            if sign is not None:
                value = state.variables.get(temp)
                if value is not None and truth(value) is not None:
                    state.facts[sign] = value

    def recall(self, call: ir.Call, state: ScopeState) -> None:
        """Give a call whose like was made before the save the same result."""
        sign = self._recalled.get(call.result)
        if sign is not None and sign in state.facts:
            state.assign(call.result, state.facts[sign])

    # ------------------------------------------------------------------------------- scopes

    def enter(self, entry: Entry, call: ir.Call, state: ScopeState) -> None:
        """A call enters a scope; its result is the cookie."""
        number = self._number(call.result, entry)
        if number in state.open:
            if entry.kept:
                self._report(Problem("entered-again", number, call.at, state.trace, joined=state.joined))
        else:
            state.open = (*state.open, number)
        state.note("save", call.at)
        state.assign(call.result, Cookie(number, False))

    def entry(self, kind: str, call: ir.Call, *, wrapped: bool) -> Entry:
        """The entry that a call makes."""
        return Entry(kind, _name(call), call.at, call.result in self._used, wrapped)

    def leave_scope(self, kind: str, cookie: ir.Expr, call: ir.Call, state: ScopeState) -> None:
        """A call restores ``cookie`` as that of a scope of ``kind``."""
        value = self.reader.value(cookie, state)
        numbers = [each for each in state.open if each in numbers_of(value)]
        exact = len(alternatives(value)) == 1
        if kind == "flags":
            self._close(state, [each for each in state.open if not self.entries[each].call])
        if numbers:
            if exact:
                self._check(numbers[0], kind, call, state)
            self._close(state, numbers)
        elif value.deps and exact:
            position = value.deps.bit_length() - 1
            if value.deps == 1 << position:
                state.restored |= {(position, kind)}
        else:
            like = [each for each in state.open if kind == "flags" or self._kind(each) in (kind, "flags")]
            if exact and value == UNSET:
                name, latest = _name(call), like[-1] if like else -1
                self._report(Problem("unset", latest, call.at, state.trace, name, joined=state.joined))
            self._close(state, like[-1:])
        state.note("restore", call.at)

    def _kind(self, number: int) -> str:
        return self.entries[number].kind

    def _check(self, number: int, kind: str, call: ir.Call, state: ScopeState) -> None:
        """Whether an open entry's cookie is the right one to restore here."""
        own, name = self._kind(number), _name(call)
        if own != kind and "flags" not in (own, kind):
            self._report(Problem("other-kind", number, call.at, state.trace, name, joined=state.joined))
            return
        inner = [each for each in state.open[state.open.index(number) + 1 :] if self._kind(each) == own]
        if inner:
            self._report(
                Problem("order", number, call.at, state.trace, name, inner[-1], joined=state.joined)
            )

    def _close(self, state: ScopeState, numbers: list[int]) -> None:
        self.closed.update(numbers)
        state.hand_over(frozenset(numbers))

    def _number(self, key: object, entry: Entry) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.entries)
            self.entries.append(entry)
        return self._numbers[key]

    def _flags_by_hand(self, instruction: ir.Assign, state: ScopeState) -> None:
        """``current->flags |= PF_MEMALLOC``, ``&= ~PF_MEMALLOC``, or back to what they were."""
        kinds = scopes_of_flags(instruction)
        if _sets(instruction):
            for kind in kinds or ():
                number = self._number((instruction.at, kind), Entry(kind, "", instruction.at))
                if number not in state.open:
                    state.open = (*state.open, number)
                    state.note("save", instruction.at)
            return
        self._close(state, [each for each in state.open if kinds is None or self._kind(each) in kinds])
        state.note("restore", instruction.at)

    def _report(self, problem: Problem) -> None:
        key = (problem.kind, problem.entry, problem.at)
        known = self.problems.get(key)
        if known is None or _rank(problem) < _rank(known):
            self.problems[key] = problem


class ScopeCalls(Calls):
    """What calls do to the scopes that are open."""

    def __init__(
        self, evaluator: Evaluator, fn: ir.Function, reader: Reader, summary: Summary, walk: ScopeWalk
    ) -> None:
        super().__init__(evaluator, fn, reader, summary)
        self._walk = walk

    def apply(self, call: ir.Call, state: State) -> list[State]:
        """The states after ``call``."""
        assert isinstance(state, ScopeState)
        name = _name(call)
        wrapper = self._walk.wrapper_of(call)
        if wrapper is not None:
            return [self._wrapped(wrapper, call, state)]
        if name not in self._walk.scoping:
            for arg in call.args:
                state.hand_over(cookies_in(arg, state))
        if not name or self._walk.follow or self._models.get(name) is not None:
            after = super().apply(call, state)
        else:
            after = [self._unknown(call, call.args, call.result, state)]
        for each in after:
            assert isinstance(each, ScopeState)
            self._walk.recall(call, each)
        return after

    def _wrapped(self, wrapper: Wrapper, call: ir.Call, state: ScopeState) -> ScopeState:
        restores = dict(wrapper.restores)
        for position, arg in enumerate(call.args):
            if position in restores:
                self._walk.leave_scope(restores[position], arg, call, state)
            else:
                state.hand_over(cookies_in(arg, state))
        self._unknown(call, call.args, call.result, state)
        if wrapper.returns:
            self._walk.enter(self._walk.entry(wrapper.returns, call, wrapped=True), call, state)
        return state

    def _unknown(
        self, call: ir.Call, args: tuple[ir.Expr, ...], result: ir.Temp, state: ScopeState
    ) -> ScopeState:
        forget_outputs(args, state)
        state.assign(result, None)
        return state

    def _called(
        self,
        targets: tuple[FunctionRef, ...],
        call: ir.Call,
        args: tuple[ir.Expr, ...],
        result: ir.Temp,
        state: State,
    ) -> list[State]:
        if self._walk.follow:
            return super()._called(targets, call, args, result, state)
        assert isinstance(state, ScopeState)
        return [self._unknown(call, args, result, state)]

    def _model_effect(
        self, effect: object, model: Model, actual: dict[str, ir.Expr], call: ir.Call, state: State
    ) -> list[State]:
        assert isinstance(state, ScopeState)
        match effect:
            case EnterScope(scope):
                self._walk.enter(self._walk.entry(scope, call, wrapped=False), call, state)
            case LeaveScope(scope, cookie):
                self._walk.leave_scope(scope, at_call(cookie, actual), call, state)
            case Acquire() | Release() | Allocate():
                pass  # locks and memory are for other rules
            case _:
                return super()._model_effect(effect, model, actual, call, state)
        return [state]


def _name(call: ir.Call) -> str:
    return call.function.name if isinstance(call.function, ir.Global) else ""


def _signature(call: ir.Call) -> ir.Expr:
    """An expression that is equal for calls of one function with the same arguments, and that is forgotten
    when one of those changes.
    """
    result = call.function
    for arg in call.args:
        result = ir.Binary("call", result, arg)
    return ir.Binary("call", result, ir.Const(len(call.args)))


def _sets(instruction: ir.Assign) -> bool:
    value = instruction.value
    return isinstance(value, ir.Binary) and value.op == "|" and value.left == instruction.target


def _reads_flags(expr: ir.Expr) -> bool:
    return task_flags(expr) or any(_reads_flags(part) for part in parts(expr))


def _flag_copies(fn: ir.Function) -> frozenset[ir.Expr]:
    """Locals that the task's flags, or some of them, are copied to."""
    return frozenset(
        each.target
        for block in fn.blocks
        for each in block.instructions
        if isinstance(each, ir.Assign) and isinstance(each.target, ir.Local) and _reads_flags(each.value)
    )


def _used(fn: ir.Function) -> frozenset[ir.Expr]:
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


def _addressed(fn: ir.Function) -> frozenset[ir.Expr]:
    """Locals whose address, or that of a part of them, is taken anywhere."""
    found: set[ir.Expr] = set()

    def look(expr: ir.Expr) -> None:
        if isinstance(expr, ir.AddressOf):
            local = root(expr.operand)
            if local is not None:
                found.add(local)
        for part in parts(expr):
            look(part)

    for block in fn.blocks:
        for each in block.instructions:
            for expr in (each.value,) if isinstance(each, ir.Assign) else (each.function, *each.args):
                look(expr)
        if isinstance(block.end, ir.Return) and block.end.value is not None:
            look(block.end.value)
    return frozenset(found)


def _rank(problem: Problem) -> tuple[bool, int]:
    return problem.joined, len(problem.trace.steps()) if problem.trace is not None else 0
