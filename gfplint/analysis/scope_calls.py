"""What calls do to the scopes that are open: saves, restores, wrappers of both, and whoever gets a cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplint import ir
from gfplint.analysis.calls import Calls
from gfplint.analysis.expressions import Reader
from gfplint.analysis.locksets import forget_outputs
from gfplint.analysis.scope_state import ScopeState, cookies_in
from gfplint.analysis.scope_survey import call_name
from gfplint.analysis.state import State
from gfplint.analysis.summary import Summary
from gfplint.models import Acquire, Allocate, EnterScope, LeaveScope, Model, Release
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call

if TYPE_CHECKING:
    from gfplint.analysis.evaluate import Evaluator
    from gfplint.analysis.scope_walk import ScopeWalk, Wrapper


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
        name = call_name(call)
        wrapper = self._walk.wrapper_of(call)
        if wrapper is not None:
            return [self._wrapped(wrapper, call, state)]
        if name not in self._walk.scoping:
            for arg in call.args:
                state.hand_over(cookies_in(arg, state))
        if not name or self._walk.follow or self._models.get(name) is not None:
            after = super().apply(call, state)
        else:
            after = [self._unknown(call.args, call.result, state)]
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
        self._unknown(call.args, call.result, state)
        if wrapper.returns:
            self._walk.enter(self._walk.entry(wrapper.returns, call, wrapped=True), call, state)
        return state

    def _unknown(self, args: tuple[ir.Expr, ...], result: ir.Temp, state: ScopeState) -> ScopeState:
        forget_outputs(args, state)
        state.assign(result, None)
        return state

    def _called(
        self,
        targets: tuple[FunctionRef, ...],
        possible: int,
        call: ir.Call,
        args: tuple[ir.Expr, ...],
        result: ir.Temp,
        state: State,
    ) -> list[State]:
        if self._walk.follow:
            return super()._called(targets, possible, call, args, result, state)
        assert isinstance(state, ScopeState)
        return [self._unknown(args, result, state)]

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
