"""How effects get into a summary: what of a callee's effect is left in this call's state, and which of two
effects of one kind is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gfplint import ir
from gfplint.analysis.state import State
from gfplint.analysis.summary import NORECLAIM, Allocation, Effect, Held, Locks, Region, Summary, Wait
from gfplint.models import Kind
from gfplint.program.program import FunctionRef

_VARIANTS = 2
"""Effects of one kind that are kept where they drop different locks of the caller's."""


@dataclass(slots=True)
class Reached:
    """An effect as a callee has it (its ``inner``), or a model's, before this call's state is added."""

    event: Allocation | Wait
    dropped: frozenset[str] = frozenset()
    entered: int = 0
    left: int = 0
    deps: int = 0
    callee: FunctionRef | None = None
    inner: Effect | None = None
    depth: int = 0
    targets: int = 1
    under: Locks = frozenset()
    warned: bool = False
    tried: Locks = frozenset()


class Effects:
    """Collects the effects and regions of one function in its summary."""

    def __init__(self, summary: Summary, kinds: Mapping[str, Kind]) -> None:
        self._summary = summary
        self._kinds = kinds

    def record(self, reached: Reached, call: ir.Call, state: State) -> None:
        """Take an effect into the summary, and into the regions of the locks held here."""
        dropped, entered, left = reached.dropped, reached.entered, reached.left
        held: Sequence[Held] = state.held
        if held:
            if dropped:
                held = [each for each in held if each.lock.name not in dropped]
                dropped = dropped - {each.lock.name for each in state.held}
            kinds = self._kinds
            for each in held:
                kind = kinds.get(each.lock.kind)
                if kind is not None and not kind.sleeps:
                    return  # nothing may sleep here: the path is impossible, or a bug of another kind
        if state.entered or state.left:
            entered |= state.entered & ~left
            left = state.left | (left & ~state.entered)
        event = reached.event
        if (
            state.tried
            and isinstance(event, Wait)
            and any(event.lock.name == name for _, name, _ in state.tried)
        ):
            return
        if entered & NORECLAIM and isinstance(event, Allocation):
            return
        if reached.callee is not None and isinstance(event, Allocation):
            self._summary.passed.add((call.at, reached.callee))
        if state.dropped:
            dropped = dropped | state.dropped
        under = reached.under | state.asserted
        if held:
            under |= {(each.lock.name, each.shared) for each in held}
        around = under
        tried = reached.tried
        if state.tried and isinstance(event, Wait):
            # Whoever holds one of these and comes here in reclaim fails to get it, and doesn't wait.
            tried = tried | {(name, shared) for _, name, shared in state.tried}
            under = under | tried
        warned = reached.warned or state.warned
        key = (event.key, entered, left, reached.deps, reached.targets > 1, warned)
        cost = (reached.targets, warned, reached.depth, call.at)
        effects = self._summary.effects
        first = effects.get((key, 0))
        better = first is None or not first.dropped <= dropped or cost < first.cost
        effect: Effect | None = None
        if better:
            effect = _effect(reached, call, dropped, entered, left, under, warned, tried)
            _keep(effects, key, effect)
        elif first is not None:
            first.under &= under
            first.tried &= tried
        for each in held:
            if each.lock.name.startswith(("?", "local ")):
                continue
            where = (each.lock.name, call.at, key)
            known = self._summary.regions.get(where)
            beside = around - {(each.lock.name, each.shared)}
            if known is not None:
                beside &= known.beside
            if known is None or cost < known.effect.cost:
                effect = effect or _effect(reached, call, dropped, entered, left, under, warned, tried)
                self._summary.regions[where] = Region(each, effect, beside)
            else:
                known.beside = beside


def _effect(
    reached: Reached,
    call: ir.Call,
    dropped: frozenset[str],
    entered: int,
    left: int,
    under: Locks,
    warned: bool,
    tried: Locks,
) -> Effect:
    return Effect(
        reached.event,
        call.at,
        call,
        dropped,
        entered,
        left,
        reached.deps,
        reached.callee,
        reached.inner,
        reached.depth,
        reached.targets,
        under,
        tried,
        warned,
    )


def _keep(effects: dict[object, Effect], key: object, effect: Effect) -> None:
    """Keep an effect unless a known one of the same kind drops no more of the caller's locks at no more
    cost. Of effects that drop different locks, the two that drop fewest are kept.
    """
    variants = [(key, number) for number in range(_VARIANTS)]
    for variant in variants:
        known = effects.get(variant)
        if known is None:
            effects[variant] = effect
            return
        effect.under &= known.under
        known.under = effect.under
        effect.tried &= known.tried
        known.tried = effect.tried
        if known.dropped <= effect.dropped:
            if known.dropped == effect.dropped and effect.cost < known.cost:
                effects[variant] = effect
            return
        if effect.dropped <= known.dropped:
            effects[variant] = effect
            return
    worst = max(variants, key=lambda variant: _drops(effects[variant]))
    if _drops(effect) < _drops(effects[worst]):
        effects[worst] = effect


def _drops(effect: Effect) -> tuple[int, list[str]]:
    return len(effect.dropped), sorted(effect.dropped)
