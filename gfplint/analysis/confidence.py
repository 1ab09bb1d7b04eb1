"""How sure a finding is, and the facts that say why: docs/confidence.md in code."""

from __future__ import annotations

from dataclasses import dataclass

from gfplint.analysis.callbacks import Awaited
from gfplint.analysis.evaluate import Limits
from gfplint.analysis.lock_facts import LockFacts
from gfplint.analysis.regions import Held
from gfplint.analysis.summary import Effect, Region
from gfplint.findings import Confidence
from gfplint.program.program import FunctionRef

_FEW = 3
"""Possible targets of the calls through pointers on a way, all multiplied, up to which a finding still
has medium confidence."""

_SHORT, _LONG = 6, 7
"""Calls on the longer of the two ways up to which a finding can have high (medium) confidence: every call
on a way stands under conditions, and those that the analysis can't decide add up."""

_SHORT_LINK = 3
"""The same for every way of a chain of locks, for medium confidence."""

_ASIDE = 2
"""Functions beyond the end of a way of a chain that are looked into, for the locks that they return with."""

_DRIVER = 4
"""Folders that two files of one driver have in common at least (``drivers/gpu/drm/amd``), where neither's
folder is around the other's.
"""


@dataclass(frozen=True, slots=True)
class Certainty:
    """What is known of an allocation: whether its mask surely has direct reclaim (``reclaims``), whether it
    surely is of the kind that the rule is about (``matches``), whether the callback surely waits when it
    reclaims (``admitted``).
    """

    reclaims: bool
    matches: bool
    admitted: bool

    @property
    def all(self) -> bool:
        """Whether nothing is left open."""
        return self.reclaims and self.matches and self.admitted


def limits(lowest: Confidence) -> Limits:
    """The bounds of walks that look for findings of this confidence or a higher one: what lies beyond them
    would be of low confidence.
    """
    return Limits() if lowest is Confidence.LOW else Limits(depth=_LONG + 1, targets=_FEW)


def chain_length(lowest: Confidence) -> int | None:
    """How many functions on a way a walk need follow that looks for chains of locks of this confidence; None
    where its :func:`limits` say all.
    """
    return None if lowest is Confidence.LOW else _SHORT_LINK + 1 + _ASIDE


def best_wait(awaited: Awaited) -> Confidence:
    """The most that a finding with this callback could reach."""
    if awaited.lock.anonymous:
        return Confidence.LOW
    if awaited.targets > 1 or awaited.handed_by:
        return Confidence.LOW
    if awaited.links:
        return _chain_level(awaited, awaited.targets, True, awaited.depth)
    return _wary(level(awaited.targets, True, awaited.depth), awaited.warned)


def best(ref: FunctionRef, region: Region, awaited: Awaited) -> Confidence:
    """The most that a finding of this region could reach, its mask left out (callers may decide it)."""
    most = _apart(awaited, ref.path, region.held.lock.name)
    if most is Confidence.LOW:
        return most
    effect = region.effect
    depth = max(effect.depth, awaited.depth)
    if region.held.lock.anonymous or awaited.handed_by:
        return Confidence.LOW
    targets = effect.targets * awaited.targets
    if awaited.links:
        return _chain_level(awaited, targets, True, depth)
    return _wary(level(targets, True, depth), effect.warned or awaited.warned)


def assess(
    held: Held,
    awaited: Awaited,
    known: Certainty,
    test: str,
    at_home: bool,
    facts_of: LockFacts,
    *,
    behind: bool,
) -> tuple[Confidence, tuple[str, ...]]:
    """The confidence of a finding, and the facts that set it.

    ``test``: the masks for which the callback waits, in words; empty for all. ``at_home``: whether all
    threads of a chain stand in one file. ``facts_of``: what the tree says of locks. ``behind``: whether the
    holder may have one of the callback's gates.
    """
    effect = held.region.effect
    lock = held.region.held.lock
    targets = effect.targets * awaited.targets
    depth = max(effect.depth, awaited.depth)
    reached = level(targets, known.all, depth)
    facts = [
        pointer_fact(effect.targets, "from the lock to the allocation"),
        pointer_fact(awaited.targets, "from the callback to the lock"),
        mask_fact(known.reclaims),
    ]
    if known.reclaims and not known.matches:
        facts.append("Whether the allocation is of the kind that the rule is about could not be decided.")
    if test:
        answer = "this one has them" if known.admitted else "whether this one has them could not be decided"
        facts.append(f"The callback waits only for allocations with {test}; {answer}.")
    facts += depth_facts(depth)
    if awaited.links:
        reached = _chain_level(awaited, targets, known.all, depth)
        if not at_home:
            reached = Confidence.LOW
            facts.append("The threads run in different files.")
        facts.append(_chain_fact(len(awaited.links)))
    if effect.warned or awaited.warned:
        reached = _wary(reached, True)
        facts.append(
            "One of the ways leads past a warning (WARN_ON(1)): something must have gone wrong before."
        )
    if behind:
        reached = Confidence.LOW
        tried = " and ".join(sorted({name for name, _ in awaited.gates}))
        facts.append(
            f"The callback waits only once it has tried {tried} of the same object with success; whether the"
            " thread that allocates holds that, too, could not be decided."
        )
    most = _apart(awaited, held.function.path, lock.name)
    if most < Confidence.HIGH:
        reached = min(reached, most)
        facts.append("The callback and the holder belong to different drivers or subsystems.")
        if reached > Confidence.LOW and facts_of.reclassed(lock):
            reached = Confidence.LOW
            facts.append("Some locks of this declaration are of a class of their own (lockdep_set_class()).")
    units = facts_of.units(lock) if reached > Confidence.LOW else None
    if units is not None and units > 1:
        reached = Confidence.LOW
        facts.append(f"{units} threads may hold the lock at once; only when all do, others wait.")
    if not lock.exact:
        reached = min(reached, Confidence.MEDIUM)
        facts.append(
            "The lock is named by a pointer that leads to it, which may differ between the two threads."
        )
    if lock.anonymous:
        reached = Confidence.LOW
        facts.append(
            "Every page (or buffer) has such a lock; nothing says that both threads mean the same one."
        )
    if awaited.handed_by:
        reached = Confidence.LOW
        facts.append(
            f"Whether the callback waits hangs on a field of what {awaited.handed_by}() hands out on the way,"
            " which isn't followed."
        )
    if awaited.targets > 1:
        reached = Confidence.LOW
        facts.append("Whether the callback waits hangs on which function a pointer calls.")
    if held.region.held.shared and awaited.shared:
        reached = min(reached, Confidence.MEDIUM)
        facts.append(
            "Both sides take the lock for reading: they wait for each other only where a writer queues."
        )
    return reached, tuple(facts)


def level(targets: int, certain: bool, depth: int) -> Confidence:
    """By how many functions could have been meant, whether the allocation surely counts, and how many calls
    the longer way has.
    """
    if not certain or targets > _FEW or depth > _LONG:
        return Confidence.LOW
    return Confidence.HIGH if targets == 1 and depth <= _SHORT else Confidence.MEDIUM


def _wary(reached: Confidence, warned: bool) -> Confidence:
    """One level less where the kernel complains on the way."""
    return Confidence(max(reached - 1, Confidence.LOW)) if warned else reached


def is_short(effect: Effect) -> bool:
    """Whether the way to an effect is certain and short enough to be a link of a chain."""
    return effect.targets == 1 and is_short_way(effect.depth)


def is_short_way(depth: int) -> bool:
    """Whether a way of so many calls can be part of a finding of high confidence."""
    return depth <= _SHORT


def pointer_fact(targets: int, way: str) -> str:
    """How sure the calls through pointers on a way are."""
    if targets == 1:
        return f"Every call {way} has one possible target."
    return f"Calls through pointers {way} could reach {targets} functions or combinations of them."


def mask_fact(certain: bool) -> str:
    """How sure direct reclaim is."""
    if certain:
        return "The mask certainly allows direct reclaim."
    return "Whether the mask allows direct reclaim could not be decided."


def depth_facts(depth: int) -> list[str]:
    """That a way is long, where it is."""
    if depth <= _SHORT:
        return []
    return [f"One of the ways is {depth} calls long, and not every condition on it could be decided."]


def _apart(awaited: Awaited, holder: str, lock: str) -> Confidence:
    """The most that a finding can reach where a driver's callback waits for a field of some struct, and who
    holds it is no part of that driver. The objects of one driver are never those of another, though a library
    may define the struct; those that the kernel's core holds may be, if the callback surely waits.
    """
    one, other = awaited.registered.callback.path.split("/")[:-1], holder.split("/")[:-1]
    if not lock.startswith(("struct ", "*")) or one[:1] != ["drivers"]:
        return Confidence.HIGH
    common = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        common += 1
    if common >= min(len(one), _DRIVER):
        return Confidence.HIGH
    if other[:1] == ["drivers"] and common < len(other):
        return Confidence.LOW
    return min(Confidence.MEDIUM, _surely(awaited))


def _surely(awaited: Awaited) -> Confidence:
    """Medium where the callback surely waits for the lock, and low otherwise."""
    sure = awaited.targets == 1 and awaited.depth <= _SHORT
    return Confidence.MEDIUM if sure else Confidence.LOW


def _chain_level(awaited: Awaited, targets: int, certain: bool, depth: int) -> Confidence:
    """The confidence where threads stand between the allocation and the callback: each has to run at the
    same time as the others, on the same objects.
    """
    sure = certain and targets == 1 and depth <= _SHORT_LINK and len(awaited.links) == 1
    return Confidence.MEDIUM if sure else Confidence.LOW


def _chain_fact(links: int) -> str:
    between = "a third thread" if links == 1 else f"{links} more threads"
    return f"The cycle closes over {between}, which must run at the same time, on the same objects."
