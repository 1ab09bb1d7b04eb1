"""The callbacks of a context of reclaim, and the locks that each may wait for.

A callback that sees the mask of the allocation that reclaims (``sc->gfp_mask``) may wait only for some masks.
It is evaluated once for each *class* of masks, by ``__GFP_FS`` and ``__GFP_IO``, and what it waits for is
kept with the classes for which it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gfplint import ir
from gfplint.analysis.contents import made
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.summary import Allocation, Effect, Facts, LockClass, Locks, Summary, Wait
from gfplint.analysis.values import ALL, TOP, Bits, Pointee, Value, as_bits, const
from gfplint.findings import Finding, Place, Thread
from gfplint.program.registrations import Registered, Registrations
from gfplint.rules import Callback as Prototype
from gfplint.rules import Context


@dataclass(slots=True)
class Waiting:
    """A lock class that a callback waits for, with the way there as its summary has it.

    ``masks``: the classes of reclaiming allocations for which it waits; empty for all.
    """

    lock: LockClass
    shared: bool
    effect: Effect
    masks: tuple[Bits, ...] = ()
    under: Locks = frozenset()
    tried: Locks = frozenset()


@dataclass(frozen=True, slots=True)
class Link:
    """A thread that waits for ``lock`` while it holds the lock of class ``holding``; ``beside`` are the
    classes of other locks that it holds and that keep others out.
    """

    holding: str
    lock: LockClass
    shared: bool
    targets: int
    depth: int
    beside: Locks
    thread: Thread


@dataclass(frozen=True, slots=True)
class Awaited:
    """A :class:`Waiting` that stands for itself: it goes from process to process, and into the cache.

    ``targets`` and ``depth`` are those of the way, ``cost`` tells better witnesses from worse, ``thread``
    is the way as reports print it; ``under`` is what the callback surely holds when it waits, or got on the
    way there without waiting, ``tried`` what of that it tried; ``warned`` says that the kernel has complained
    on the way; ``handed_by`` is the function that hands out what decides whether it waits
    (:mod:`gfplint.analysis.handed_out`). With ``links`` the callback waits for the lock in the end: for one
    that the first link's thread holds, which waits for one that the second's holds, and so on.
    """

    lock: LockClass
    shared: bool
    registered: Registered
    targets: int
    depth: int
    cost: tuple[int, ...]
    masks: tuple[Bits, ...]
    thread: Thread
    under: Locks = frozenset()
    links: tuple[Link, ...] = ()
    warned: bool = False
    tried: Locks = frozenset()
    handed_by: str = ""

    @property
    def gates(self) -> Locks:
        """Other locks of the object whose lock is awaited, which the callback gets first, and only tries:
        whoever comes with one of them in hand isn't waited for.
        """
        owner = self.lock.name.rpartition(".")[0]
        if not self.lock.tag or not self.lock.exact or self.links:
            return frozenset()
        return frozenset(
            (name, shared)
            for name, shared in self.tried
            if name != self.lock.name and name.rpartition(".")[0] == owner and name.startswith("struct ")
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one callback. ``inside`` are the findings of rules about what it does itself."""

    registered: Registered
    registered_at: Place
    defined_at: Place
    awaited: tuple[Awaited, ...]
    inside: tuple[Finding, ...]


@dataclass(slots=True)
class Callback:
    """One registered callback and its summaries by class of mask: one (``TOP``) where it sees no mask."""

    registered: Registered
    summaries: tuple[tuple[Bits, Summary], ...]

    def waits(self) -> list[Waiting]:
        """The locks that it waits for and that have a name, best witness each, sorted by class of lock."""
        best: dict[tuple[str, bool], Waiting] = {}
        for mask, summary in self.summaries:
            for effect in summary.effects.values():
                event = effect.event
                if not isinstance(event, Wait) or event.lock.name.startswith(("?", "local ")):
                    continue
                key = (event.lock.name, event.shared)
                known = best.get(key)
                if known is None:
                    best[key] = Waiting(event.lock, event.shared, effect, (mask,), effect.under, effect.tried)
                    continue
                known.under &= effect.under
                known.tried &= effect.tried
                if effect.cost < known.effect.cost:
                    known.effect = effect
                if mask not in known.masks:
                    known.masks = (*known.masks, mask)
        for each in best.values():
            if len(each.masks) == len(self.summaries):
                each.masks = ()
        return [best[key] for key in sorted(best)]

    def allocations(self) -> list[Effect]:
        """The allocations inside it that may reclaim directly, in source order."""
        found = {
            id(effect): effect
            for _, summary in self.summaries
            for effect in summary.effects.values()
            if isinstance(effect.event, Allocation)
        }
        return sorted(found.values(), key=lambda effect: (effect.at, effect.cost))


class Callbacks:
    """All callbacks of some contexts in one program."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._classes = mask_classes(evaluator)
        self.registrations = Registrations(evaluator.program, evaluator.types, evaluator.pointers)

    def find(self, contexts: Iterable[Context]) -> list[Callback]:
        """Each registered callback, evaluated, in the order of :class:`Registered`."""
        contexts = list(contexts)
        return [self.evaluate(each, contexts) for each in self.registrations.find(contexts)]

    def evaluate(self, registered: Registered, contexts: Iterable[Context]) -> Callback:
        """One registered callback, entered as its context enters it."""
        context = next(each for each in contexts if each.id == registered.context)
        return Callback(registered, self._summaries(registered, context.callback(registered.role)))

    def _summaries(self, registered: Registered, prototype: Prototype) -> tuple[tuple[Bits, Summary], ...]:
        ref = registered.callback
        if prototype.mask is None:
            return ((TOP, self._evaluator.summary(ref, self._entry(ref.path, prototype, None))),)
        return tuple(
            (mask, self._evaluator.summary(ref, self._entry(ref.path, prototype, mask)))
            for mask in self._classes
        )

    def _entry(self, path: str, callback: Prototype, mask: Bits | None) -> Facts:
        """What its context says about the arguments of a callback, as facts; ``mask`` is what is known of
        the reclaiming allocation's. Names in it mean what they mean in the callback's file.

        Understood are ``param == constant``, and ``param->field & flags`` or ``param->field == constant``
        for a field of what a parameter points to; anything else says nothing.
        """
        values: dict[str, Value] = {}
        fields: dict[str, dict[str, Bits]] = {}
        for condition in callback.assume:
            if not isinstance(condition, ir.Binary):
                continue
            number = self._evaluator.constants.evaluate(condition.right, path)
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
        where = callback.mask
        if mask is not None and isinstance(where, ir.Field) and isinstance(where.base, ir.Deref):
            pointer = where.base.pointer
            if isinstance(pointer, ir.Local):
                known = fields.setdefault(pointer.name, {}).get(where.name, TOP)
                fields[pointer.name][where.name] = Bits(
                    known.ones | mask.ones, known.zeros | mask.zeros, True
                )
        elif mask is not None and isinstance(where, ir.Local):
            values[where.name] = mask
        for name, pairs in fields.items():
            values[name] = Pointee(made(pairs.items(), None, ()))
        return Facts(tuple(values.get(name, TOP) for name in callback.params))


def mask_classes(evaluator: Evaluator) -> tuple[Bits, ...]:
    """What the mask of an allocation that reclaims may have of ``__GFP_FS`` and ``__GFP_IO``: both
    (``GFP_KERNEL``), IO only (``GFP_NOFS``), neither (``GFP_NOIO``). Direct reclaim is sure. mm never sets
    FS without IO.
    """
    masks = evaluator.program.masks
    fs, io = masks.value("__GFP_FS") or 0, masks.value("__GFP_IO") or 0
    reclaim = evaluator.direct_reclaim_bit
    return tuple(Bits(reclaim | ones, (fs | io) & ~ones & ALL, True) for ones in (fs | io, io, 0))


def admits(awaited: Awaited, mask: Value, classes: tuple[Bits, ...]) -> bool | None:
    """Whether the callback waits when an allocation with ``mask`` reclaims; None where that isn't decided."""
    if not awaited.masks:
        return True
    bits = as_bits(mask)
    possible = [each for each in classes if not (each.ones & bits.zeros or each.zeros & bits.ones)]
    # A driver may write FS without IO, which is none of the classes.
    possible = possible or list(classes)
    inside = [each for each in possible if each in awaited.masks]
    if not inside:
        return False
    return True if len(inside) == len(possible) else None


def kept_apart(lock: str, one: Locks, other: Locks) -> bool:
    """Whether of two threads, the one that holds ``lock`` and the one that waits for it, both hold a further
    lock that can't be held by both: a global one, or one of the same object, as far as classes tell.
    """
    owner = lock.rpartition(".")[0]
    modes = dict(sorted(other, reverse=True))  # a lock held both ways counts as held for writing
    return any(
        name in modes
        and not (shared and modes[name])
        and (not name.startswith(("struct ", "*")) or name.rpartition(".")[0] == owner)
        for name, shared in one
    )


def awaited(answers: Iterable[Answer]) -> dict[str, list[Awaited]]:
    """Lock class name → who waits for it: those without gates first, on certain and short ways."""
    result: dict[str, list[Awaited]] = {}
    for answer in answers:
        for each in answer.awaited:
            result.setdefault(each.lock.name, []).append(each)
    for waits in result.values():
        waits.sort(key=lambda each: (each.shared, bool(each.gates), *each.cost, each.registered))
    return result
