"""The callbacks of a context of reclaim, and the locks that each may wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.summary import Allocation, Effect, Facts, LockClass, Summary, Wait
from gfplint.program.registrations import Registered, Registrations
from gfplint.rules import Context


@dataclass(slots=True)
class Awaited:
    """A lock class, the callback that waits for it, and the way there."""

    lock: LockClass
    shared: bool
    registered: Registered
    effect: Effect


@dataclass(slots=True)
class Callback:
    """One registered callback with its summary."""

    registered: Registered
    summary: Summary

    def waits(self) -> list[Awaited]:
        """The locks that it waits for and that have a name, best witness each, sorted by class."""
        best: dict[tuple[str, bool], Awaited] = {}
        for effect in self.summary.effects.values():
            event = effect.event
            if not isinstance(event, Wait) or event.lock.name.startswith(("?", "local ")):
                continue
            key = (event.lock.name, event.shared)
            known = best.get(key)
            if known is None or effect.cost < known.effect.cost:
                best[key] = Awaited(event.lock, event.shared, self.registered, effect)
        return [best[key] for key in sorted(best)]

    def allocations(self) -> list[Effect]:
        """The allocations inside it that may reclaim directly, in source order."""
        found = [effect for effect in self.summary.effects.values() if isinstance(effect.event, Allocation)]
        return sorted(found, key=lambda effect: (effect.at, effect.cost))


class Callbacks:
    """All callbacks of some contexts in one program."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self.registrations = Registrations(evaluator.program, evaluator.types, evaluator.pointers)

    def find(self, contexts: Iterable[Context]) -> list[Callback]:
        """Each registered callback, evaluated, in the order of :class:`Registered`."""
        found = self.registrations.find(contexts)
        return [Callback(each, self._evaluator.summary(each.callback, Facts())) for each in found]


def awaited(callbacks: Iterable[Callback]) -> dict[str, list[Awaited]]:
    """Lock class name → who waits for it, certain and short ways first."""
    result: dict[str, list[Awaited]] = {}
    for callback in callbacks:
        for each in callback.waits():
            result.setdefault(each.lock.name, []).append(each)
    for waits in result.values():
        waits.sort(key=lambda each: (each.shared, *each.effect.cost, each.registered))
    return result
