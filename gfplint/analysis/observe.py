"""Watch one function being walked: what is known, and held, at each of its calls.

In: an evaluator and a function. Out: the summary, and one report per call and state. Nothing is judged
here; ``--dump`` prints what it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gfplint import ir
from gfplint.analysis.calls import Calls
from gfplint.analysis.evaluate import Evaluator, _Active
from gfplint.analysis.expressions import Reader
from gfplint.analysis.state import State
from gfplint.analysis.summary import Facts, Summary
from gfplint.analysis.walk import Walk
from gfplint.program.program import FunctionRef

Watch: TypeAlias = Callable[[ir.Call, State, Reader], None]
"""Called with a state in which the call is about to be made. The state must not be kept or changed."""


class _WatchedCalls(Calls):
    """Tells before it passes on; Walk asks of its calls nothing but :meth:`apply`."""

    def __init__(self, calls: Calls, reader: Reader, watch: Watch) -> None:
        self._calls = calls
        self._told = reader
        self._watch = watch

    def apply(self, call: ir.Call, state: State) -> list[State]:
        self._watch(call, state, self._told)
        return self._calls.apply(call, state)


class _WatchedWalk(Walk):
    """A walk whose calls are watched."""

    def __init__(self, evaluator: Evaluator, fn: ir.Function, watch: Watch) -> None:
        super().__init__(evaluator, fn, Facts())
        self._watch = watch

    def _block(self, number: int, state: State, calls: Calls) -> None:
        super()._block(number, state, _WatchedCalls(calls, self.reader, self._watch))


def observe(evaluator: Evaluator, ref: FunctionRef, fn: ir.Function, watch: Watch) -> Summary:
    """The summary of ``ref`` for unknown arguments; ``watch`` hears of each call in each state that reaches
    it, more than once where a loop comes back with more.
    """
    summary = evaluator.summary(ref, Facts())
    # The second walk stands where the first one stood, so that its calls are answered alike: same home,
    # same recursion.
    evaluator._stack.append(_Active(ref, Facts(), summary, 0))
    try:
        _WatchedWalk(evaluator, fn, watch).run(ref)
    finally:
        evaluator._stack.pop()
    return summary
