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
from gfplint.analysis.dependence import deciding
from gfplint.analysis.scope_calls import ScopeCalls
from gfplint.analysis.scope_state import (
    UNSET,
    Entry,
    Problem,
    ScopeState,
    Trace,
    cookies_in,
    numbers_of,
)
from gfplint.analysis.scope_survey import (
    addressed,
    call_name,
    flag_copies,
    reads_flags,
    sets,
    signature,
    used,
)
from gfplint.analysis.scopes import scopes_of_flags, task_flags
from gfplint.analysis.state import State, locals_in, root
from gfplint.analysis.summary import Facts, Summary
from gfplint.analysis.values import Cookie, alternatives, as_bits, truth, with_deps
from gfplint.analysis.walk import Walk
from gfplint.models import EnterScope
from gfplint.program.program import FunctionRef

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
        self.saves: list[int] = []
        """Blocks that enter a scope."""
        self.restores: list[int] = []
        """Blocks that leave one."""
        self._numbers: dict[object, int] = {}
        self._blocks = {id(block.end): number for number, block in enumerate(fn.blocks)}
        self._addressed = addressed(fn)
        self._used = used(fn)
        self._flag_copies = flag_copies(fn)
        self._conditions: list[ir.Expr] = []
        self._recorded: dict[ir.Expr, ir.Expr] = {}
        self._recalled: dict[ir.Expr, ir.Expr] = {}
        self._survey()

    # ------------------------------------------------------------------------------- survey

    def _survey(self) -> None:
        """Find the conditions that decide about saves and restores, and calls that are made for both."""
        saves, restores = self.saves, self.restores
        calls: dict[ir.Expr, ir.Expr] = {}
        for number, block in enumerate(self.fn.blocks):
            for each in block.instructions:
                if isinstance(each, ir.Call):
                    calls[each.result] = signature(each)
                    if self._enters(each):
                        saves.append(number)
                    elif self._concerns(each):
                        restores.append(number)
                elif task_flags(each.target):
                    (saves if sets(each) else restores).append(number)
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
                temps = {each.number for each in locals_in(end.condition) if isinstance(each, ir.Temp)}
                found += [ir.Temp(number) for number in sorted(temps)]
        return found

    def _enters(self, call: ir.Call) -> bool:
        wrapper, name = self.wrapper_of(call), call_name(call)
        if wrapper is not None:
            return bool(wrapper.returns)
        model = self.evaluator.program.models.get(name) if name in self.scoping else None
        return model is not None and any(isinstance(each, EnterScope) for each in model.effects)

    def _concerns(self, call: ir.Call) -> bool:
        return call_name(call) in self.scoping or self.wrapper_of(call) is not None

    def wrapper_of(self, call: ir.Call) -> Wrapper | None:
        """What the called function does as a wrapper; None where it is none."""
        if call_name(call) not in self._wrapper_names:
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
        variable = root(target)
        private = isinstance(variable, ir.Temp) or (
            isinstance(variable, ir.Local) and self._is_private(variable)
        )
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
                self.ways.append(_Way(state.open, returned, at, state.restored, state.trace, state.joined))
            case _:
                super()._leave(end, state)

    def _look(self, condition: ir.Expr, state: ScopeState) -> None:
        """A cookie that is tested tells whether it has to be restored: what the test means is not known."""
        state.hand_over(cookies_in(condition, state))
        if reads_flags(condition) or locals_in(condition) & self._flag_copies:
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
        return Entry(kind, call_name(call), call.at, call.result in self._used, wrapped)

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
                name, latest = call_name(call), like[-1] if like else -1
                self._report(Problem("unset", latest, call.at, state.trace, name, joined=state.joined))
            self._close(state, like[-1:])
        state.note("restore", call.at)

    def _kind(self, number: int) -> str:
        return self.entries[number].kind

    def _check(self, number: int, kind: str, call: ir.Call, state: ScopeState) -> None:
        """Whether an open entry's cookie is the right one to restore here."""
        own, name = self._kind(number), call_name(call)
        if own != kind and "flags" not in (own, kind):
            self._report(Problem("other-kind", number, call.at, state.trace, name, joined=state.joined))
            return
        inner = [each for each in state.open[state.open.index(number) + 1 :] if self._kind(each) == own]
        if inner:
            self._report(Problem("order", number, call.at, state.trace, name, inner[-1], joined=state.joined))

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
        if sets(instruction):
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


def _rank(problem: Problem) -> tuple[bool, int]:
    return problem.joined, len(problem.trace.steps()) if problem.trace is not None else 0
