"""Units of work on a program whose answers are kept: with each answer goes what it adds to the account.

So a report that rests on answers of earlier runs counts what it would count without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from gfplint.program.anchors import Anchors
from gfplint.program.program import Program

if TYPE_CHECKING:
    from gfplint.cache.units import Facts, Units

_Answer = TypeVar("_Answer")
Key = tuple[object, ...]
"""What was asked: anything whose ``repr`` says all that the answer depends on besides the tree."""


class KeptWork:
    """Loads and saves the answers of one run's units; without ``units`` there are none."""

    def __init__(self, program: Program, units: Units | None = None) -> None:
        self._program = program
        self._units = units

    @property
    def anchors(self) -> Anchors | None:
        """What positions of answers go by, where any are kept."""
        anchors = self._units.anchors if self._units is not None and self._units.on else None
        assert anchors is None or isinstance(anchors, Anchors)
        return anchors

    def relative(self, value: object) -> object:
        """What tells an answer from others, in a form that stays when lines move."""
        anchors = self.anchors
        return anchors.relative(value) if anchors is not None else value

    def load(self, keys: Sequence[Key], facts: Facts | None = None) -> list[Any | None]:
        """The kept answers, None where there is none; their books are added to this run's."""
        if self._units is None:
            return [None] * len(keys)
        account, notes = self._program.account, self._program.notes
        answers: list[Any | None] = []
        for known in self._units.load(keys, facts):
            if known is None:
                answers.append(None)
                continue
            answer, books = known
            answers.append(answer)
            notes.update(books.pop("notes", ()))
            for site, number in books.pop("sites", ()):
                account.enter_site(site, number)
            for name, entries in books.items():
                getattr(account, name).update(entries)
        return answers

    def work(
        self,
        key: Key,
        work: Callable[[], _Answer],
        holds: Callable[[_Answer], bool] = lambda _: True,
        facts: Facts | None = None,
    ) -> _Answer:
        """The answer of ``work``, which is kept if it ``holds``."""
        trace = self._program.tree.trace
        outer = trace.enter()
        try:
            answer = work()
        finally:
            node = trace.leave(outer)
        trace.current.add(node)
        if self._units is not None and holds(answer):
            self._units.save(key, node, answer, facts)
        return answer
