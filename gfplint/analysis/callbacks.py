"""The callbacks of a context of reclaim, and the locks that each may wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gfplint import ir
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.summary import Allocation, Effect, Facts, LockClass, Summary, Wait
from gfplint.analysis.values import TOP, Bits, Pointee, Value, const
from gfplint.program.registrations import Registered, Registrations
from gfplint.rules import Callback as Prototype
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
        by_id = {context.id: context for context in contexts}
        result: list[Callback] = []
        for each in self.registrations.find(by_id.values()):
            facts = self._entry(by_id[each.context].callback(each.role))
            result.append(Callback(each, self._evaluator.summary(each.callback, facts)))
        return result

    def _entry(self, callback: Prototype) -> Facts:
        """What its context says about the arguments of a callback, as facts.

        Understood are ``param == constant``, and ``param->field & flags`` or ``param->field == constant``
        for a field of what a parameter points to; anything else says nothing.
        """
        values: dict[str, Value] = {}
        fields: dict[str, dict[str, Bits]] = {}
        for condition in callback.assume:
            if not isinstance(condition, ir.Binary):
                continue
            number = self._evaluator.constants.evaluate(condition.right, "")
            left = condition.left
            if number is None:
                continue
            if condition.op == "==" and isinstance(left, ir.Local):
                values[left.name] = const(number)
            elif isinstance(left, ir.Field) and isinstance(left.base, ir.Deref):
                pointer = left.base.pointer
                known = const(number) if condition.op == "==" else Bits(number, 0, True)
                single = condition.op == "&" and number & (number - 1) == 0
                if isinstance(pointer, ir.Local) and (single or condition.op == "=="):
                    fields.setdefault(pointer.name, {})[left.name] = known
        for name, pairs in fields.items():
            values[name] = Pointee(tuple(sorted(pairs.items(), key=lambda pair: pair[0])))
        return Facts(tuple(values.get(name, TOP) for name in callback.params))


def awaited(callbacks: Iterable[Callback]) -> dict[str, list[Awaited]]:
    """Lock class name → who waits for it, certain and short ways first."""
    result: dict[str, list[Awaited]] = {}
    for callback in callbacks:
        for each in callback.waits():
            result.setdefault(each.lock.name, []).append(each)
    for waits in result.values():
        waits.sort(key=lambda each: (each.shared, *each.effect.cost, each.registered))
    return result
