"""From what was found to what is said: both threads step by step, the mask in words, why no flag helps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gfplint import cexpr
from gfplint.analysis import confidence
from gfplint.analysis.callbacks import Awaited, Link, admits, kept_apart, mask_classes
from gfplint.analysis.callers import Callers
from gfplint.analysis.carriers import Carrier, Carriers
from gfplint.analysis.conditions import Conditions
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.lock_facts import LockFacts
from gfplint.analysis.regions import Held
from gfplint.analysis.summary import Allocation, Effect, LockClass, Region, Wait
from gfplint.analysis.summary import Held as Taken
from gfplint.analysis.values import TOP, Bits, Value, as_bits, const
from gfplint.findings import Confidence, Finding, Lock, Mask, Place, Step, Thread, Way
from gfplint.frontend.macros import arguments
from gfplint.program.anchors import Spot
from gfplint.program.program import FunctionRef
from gfplint.program.registrations import Registered
from gfplint.rules import Context, Rule


@dataclass(frozen=True, slots=True)
class Words:
    """What stands for the placeholders of a rule's sentences."""

    lock: str
    callback: str
    context: str
    function: str
    mask: str
    waited: str = ""

    def fill(self, template: str) -> str:
        """The template with its placeholders filled in."""
        result = template
        for name in ("lock", "callback", "context", "function", "mask", "waited"):
            result = result.replace("{" + name + "}", getattr(self, name))
        return result


@dataclass(frozen=True, slots=True)
class Carried:
    """``function`` has an object from its caller in whose scope the callback doesn't wait."""

    function: str
    carrier: Carrier

    @property
    def fact(self) -> str:
        """Why the finding may be none."""
        tag, maker, save = self.carrier.tag, self.carrier.maker, self.carrier.save
        return (
            f"{self.function}() is passed a struct {tag}, which {maker}() makes inside {save}() and which"
            " keeps the cookie: in that scope the callback doesn't wait."
        )


class Explainer:
    """Turns matches of one run into findings."""

    def __init__(self, evaluator: Evaluator, conditions: Conditions, callers: Callers) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._masks = evaluator.program.masks
        self._lock_facts = LockFacts(
            evaluator.program, evaluator.types, evaluator.constants, evaluator.pointers
        )
        self._carriers = Carriers(evaluator, callers)
        self._conditions = conditions
        self._classes = mask_classes(evaluator)
        version = self._program.tree.version
        self._version: Value = const(cexpr.kernel_version(*version)) if version is not None else TOP

    # ----------------------------------------------------------------------------- places

    def _fingerprint(self, rule: str, function: FunctionRef, lock: str, leaf: str) -> str:
        """Stable while lines move, and wherever the tree and the driver's repository lie."""
        path = self._program.tree.stable(function.path)
        text = "\0".join((rule, path, function.name, lock, leaf))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def place(self, path: str, at: int, length: int = 0) -> Place:
        """The place of an offset, with the column behind ``length`` characters."""
        line, column = self._program.position(path, at)
        shown = self._program.tree.shown(path)
        return Place(shown, line, column, column + length if length else 0)

    def _call_place(self, path: str, effect: Effect | Taken) -> Place:
        text = self._source(path, effect.at, 64)
        length = 0
        while length < len(text) and (
            text[length : length + 1].isalnum() or text[length : length + 1] == b"_"
        ):
            length += 1
        return self.place(path, effect.at, length)

    def _source(self, path: str, at: int, length: int) -> bytes:
        file = self._program.part(path)  # inside of a function that was looked into
        return file.data[at : at + length] if file is not None else b""

    # ------------------------------------------------------------------------- lock-held

    def held(
        self,
        rule: Rule,
        context: Context,
        held: Held,
        awaited: Awaited,
        carried: Carried | None = None,
        *,
        behind: bool = False,
    ) -> Finding:
        """An allocation under a lock that a callback waits for, though not in the scope of ``carried``.

        ``behind``: the holder may have what the callback tries first, so that it isn't waited for.
        """
        effect = held.region.effect
        lock = held.region.held.lock
        event = effect.event
        assert isinstance(event, Allocation)
        mask = self.mask(event, effect, held.function)
        words = Words(
            lock.name,
            f"{awaited.registered.callback.name}()",
            context.title,
            f"{held.function.name}()",
            mask.written,
            awaited.links[0].holding if awaited.links else lock.name,
        )
        level, facts = self._confidence(rule, held, awaited, behind)
        if carried is not None:
            level, facts = Confidence.LOW, (*facts, carried.fact)
        place = self._call_place(held.function.path, effect)
        taken = self._call_place(held.function.path, held.region.held)
        finding = Finding(
            rule=rule.id,
            place=place,
            function=held.function.name,
            message=words.fill(rule.message),
            confidence=level,
            facts=facts,
            threads=(
                self._holder(held, mask),
                awaited.thread,
                *(
                    Thread(f"thread {number}: {link.thread.title}", link.thread.steps)
                    for number, link in enumerate(awaited.links, 3)
                ),
            ),
            lock=Lock(lock.name, lock.kind, taken, held.function.name),
            mask=mask,
            ways=self._ways(rule, event, effect, words),
            unsaved=self._unsaved(rule, event, effect, words),
            fixes=tuple(words.fill(fix) for fix in rule.fixes),
            fingerprint=self._fingerprint(
                rule.id, held.function, lock.name, self._leaf(held.function, effect)
            ),
        )
        return finding

    def _holder(self, held: Held, mask: Mask) -> Thread:
        steps: list[Step] = []
        called = [*(ref.name for ref, _ in held.chain[1:]), held.function.name]
        for (ref, at), name in zip(held.chain, called, strict=False):
            steps.append(Step("call", ref.name, f"calls {name}()", self.place(ref.path, at)))
        steps.extend(self._taking(held.function, held.region.held))
        steps.extend(self._way_down(held.function, held.region.effect, mask))
        return Thread("thread 1: holds the lock and allocates", tuple(steps))

    def _taking(self, function: FunctionRef, taken: Taken) -> list[Step]:
        steps: list[Step] = []
        ref = function
        each: Taken | None = taken
        while each is not None:
            place = self._call_place(ref.path, each)
            if each.inner is None:
                steps.append(Step("acquire", ref.name, f"takes {taken.lock.name}", place))
            else:
                assert each.callee is not None
                steps.append(Step("call", ref.name, f"calls {each.callee.name}()", place))
                ref = each.callee
            each = each.inner
        return steps

    def link(self, function: FunctionRef, region: Region) -> Link:
        """A thread that holds one lock and waits for another, for the chains of a lock order."""
        effect = region.effect
        event = effect.event
        assert isinstance(event, Wait)
        steps = self._taking(function, region.held)
        ref, each = function, effect
        while each.inner is not None:
            assert each.callee is not None
            where = self._call_place(ref.path, each)
            steps.append(Step("call", ref.name, f"calls {each.callee.name}()", where))
            ref, each = each.callee, each.inner
        steps.append(Step("wait", ref.name, f"waits for {event.lock.name}", self._call_place(ref.path, each)))
        holding = region.held.lock.name
        return Link(
            holding,
            event.lock,
            event.shared,
            effect.targets,
            effect.depth,
            region.beside,
            Thread(f"holds {holding}", tuple(steps)),
        )

    def _way_down(self, function: FunctionRef, effect: Effect, mask: Mask) -> list[Step]:
        steps: list[Step] = []
        ref = function
        each = effect
        while each.inner is not None:
            assert each.callee is not None
            steps.append(
                Step("call", ref.name, f"calls {each.callee.name}()", self._call_place(ref.path, each))
            )
            ref = each.callee
            each = each.inner
        event = each.event
        assert isinstance(event, Allocation)
        steps.append(
            Step(
                "allocate",
                ref.name,
                f"{event.function}() allocates with {mask.written}",
                self._call_place(ref.path, each),
            )
        )
        steps.append(Step("reclaim", event.function, "enters direct reclaim, with the lock held", None))
        return steps

    def waiter(self, context: Context, registered: Registered, effect: Effect, lock: str | None) -> Thread:
        """From the kernel's way into the context through the registration and callback to the lock."""
        steps = [Step("enter", step.function, step.text, None) for step in context.steps]
        by = registered.by.name if registered.by is not None else ""
        where = self.place(registered.path, registered.at)
        steps.append(
            Step(
                "register", by or registered.callback.name, f"registered {registered.callback.name}()", where
            )
        )
        ref = registered.callback
        each = effect
        while each.inner is not None:
            assert each.callee is not None
            steps.append(
                Step(
                    "callback" if ref == registered.callback else "call",
                    ref.name,
                    f"calls {each.callee.name}()",
                    self._call_place(ref.path, each),
                )
            )
            ref = each.callee
            each = each.inner
        if lock is not None:
            steps.append(Step("wait", ref.name, f"waits for {lock}", self._call_place(ref.path, each)))
        return Thread(f"thread 2: {context.thread}", tuple(steps))

    # ---------------------------------------------------------------------------- inside

    def inside(self, rule: Rule, context: Context, registered: Registered, effect: Effect) -> Finding:
        """An allocation inside a callback."""
        event = effect.event
        assert isinstance(event, Allocation)
        ref = registered.callback
        mask = self.mask(event, effect, ref)
        words = Words(
            "", f"{ref.name}()", context.title, f"{self._innermost(ref, effect)[0].name}()", mask.written
        )
        certain = self._certain(event)
        level = confidence.level(effect.targets, certain, effect.depth)
        if effect.targets > 1:
            level = Confidence.LOW  # as for any wait of a callback
        facts = [
            confidence.pointer_fact(effect.targets, "on the way to the allocation"),
            confidence.mask_fact(certain),
            *confidence.depth_facts(effect.depth),
        ]
        steps = list(self.waiter(context, registered, effect, None).steps)
        near_ref, near = ref, effect  # the report stands where the callback's own file asks for the memory
        while near.inner is not None and near.callee is not None and near.callee.path == ref.path:
            near_ref, near = near.callee, near.inner
        leaf_ref, leaf = self._innermost(ref, effect)
        steps.append(
            Step(
                "allocate",
                leaf_ref.name,
                f"{event.function}() allocates with {mask.written}",
                self._call_place(leaf_ref.path, leaf),
            )
        )
        return Finding(
            rule=rule.id,
            place=self._call_place(near_ref.path, near),
            function=near_ref.name,
            message=words.fill(rule.message),
            confidence=level,
            facts=tuple(facts),
            threads=(Thread(context.thread, tuple(steps)),),
            mask=mask,
            ways=self._ways(rule, event, effect, words),
            unsaved=self._unsaved(rule, event, effect, words),
            fixes=tuple(words.fill(fix) for fix in rule.fixes),
            fingerprint=self._fingerprint(rule.id, ref, "", self._leaf(ref, effect)),
        )

    def _innermost(self, ref: FunctionRef, effect: Effect) -> tuple[FunctionRef, Effect]:
        while effect.inner is not None:
            assert effect.callee is not None
            ref, effect = effect.callee, effect.inner
        return ref, effect

    def _leaf(self, ref: FunctionRef, effect: Effect) -> str:
        inner, leaf = self._innermost(ref, effect)
        event = leaf.event
        path = self._program.tree.stable(inner.path)
        return f"{path}:{inner.name}:{event.function if isinstance(event, Allocation) else ''}"

    def allocation_site(self, ref: FunctionRef, effect: Effect) -> Spot:
        """Where the allocating call itself is."""
        inner, leaf = self._innermost(ref, effect)
        return Spot(inner.path, leaf.at)

    # ----------------------------------------------------------------------------- masks

    def mask(self, event: Allocation, effect: Effect, ref: FunctionRef) -> Mask:
        """The mask as written at the allocating call, and as it takes effect there."""
        bits = self._conditions.effective(event.mask, effect.entered)
        inner, leaf = self._innermost(ref, effect)
        written = self._written(inner.path, leaf, event)
        undecided = tuple(
            name for name, bit in self._masks.bits.items() if not bits.ones & bit and not bits.zeros & bit
        )
        return Mask(
            written=written or " | ".join(self._masks.names(as_bits(event.mask).ones)) or "an unknown mask",
            flags=self._masks.names(bits.ones),
            undecided=undecided if len(undecided) < len(self._masks.bits) else ("all",),
            words=self._masks.words(bits.ones, bits.zeros),
        )

    def _written(self, path: str, leaf: Effect, event: Allocation) -> str:
        """The mask's text in the source, "" where the call isn't in the source as such."""
        file = self._program.part(path)  # inside of a function that was looked into
        if file is None:
            return ""
        opening = file.data.find(b"(", leaf.at)
        if opening < 0 or opening - leaf.at > 80 or event.argument < 0:
            return ""
        found = arguments(file.data, opening)
        if found is None:
            return ""
        spans = [
            b" ".join(file.text[start:end].split()).decode("utf-8", "replace") for start, end in found[0]
        ]
        name = file.data[leaf.at : opening].strip().decode("utf-8", "replace")
        if name == event.function and event.argument < len(spans):
            return spans[event.argument]
        for text in spans:
            if "GFP_" in text or text in ("gfp", "gfp_mask", "flags", "gfp_flags"):
                return text
        return ""

    def _names(self, event: Allocation, effect: Effect, scopes: int = 0) -> dict[str, Value]:
        return {
            "mask": self._conditions.effective(event.mask, effect.entered | scopes),
            "order": event.order,
            "version": self._version,
        }

    def matches(self, rule: Rule, effect: Effect, scopes: int = 0) -> bool:
        """Whether the rule is interested in an allocation with this mask (undecided counts), inside
        ``scopes``, too.
        """
        return self._holds(rule, effect, scopes) is not False

    def decided(self, rule: Rule, effect: Effect) -> bool:
        """Whether the allocation surely reclaims and is one that the rule is about, or surely isn't."""
        event = effect.event
        assert isinstance(event, Allocation)
        holds = self._holds(rule, effect)
        return holds is False or (holds is True and self._certain(event))

    def _holds(self, rule: Rule, effect: Effect, scopes: int = 0) -> bool | None:
        """Whether the allocation is one that the rule is about; None where that can't be decided."""
        event = effect.event
        assert isinstance(event, Allocation)
        return self._conditions.holds(rule.allocation, self._names(event, effect, scopes), rule)

    def unless_carried(
        self, rule: Rule, held: Held, waits: list[Awaited], awaited: Awaited
    ) -> tuple[Awaited, Carried | None]:
        """The callback to report: one that waits even inside the scopes of objects that the thread has, or
        else ``awaited``, with what keeps it from waiting.
        """
        best = min(confidence.best(held.function, held.region, awaited), confidence.best_wait(awaited))
        if best is Confidence.LOW:
            return awaited, None
        for ref, carrier in self._carriers.of(held):
            effect = held.region.effect
            matches = self.matches(rule, effect, carrier.scopes)
            other = self.waiting(waits, held.region, carrier.scopes) if matches else None
            if other is None:
                return awaited, Carried(ref.name, carrier)
            awaited = other
        return awaited, None

    def waiting(self, waits: list[Awaited], region: Region, scopes: int = 0) -> Awaited | None:
        """The first callback that waits when this allocation reclaims, inside ``scopes``, too; those that
        surely do come first.

        Not one to which only a thread leads that a lock held here keeps out.
        """
        effect = region.effect
        event = effect.event
        assert isinstance(event, Allocation)
        mask = self._conditions.effective(event.mask, effect.entered | scopes)
        found: Awaited | None = None
        for each in waits:
            if kept_apart(each.lock.name, region.beside, each.under):
                continue
            if any(self._excluded(link, region) for link in each.links):
                continue
            if each.links and self._has(each, region):
                continue
            answer = admits(each, mask, self._classes)
            if answer:
                return each
            if answer is None and found is None:
                found = each
        return found

    def _has(self, awaited: Awaited, region: Region) -> bool:
        """Whether the callback has, or had on its way, what one of the others of a chain must hold: the
        thread that it waits for, or the one that allocates, in which it runs.
        """
        lock = awaited.links[0].holding
        held = region.beside | {(region.held.lock.name, region.held.shared)}
        return kept_apart(lock, awaited.links[0].beside, awaited.under) or kept_apart(
            lock, held, awaited.under
        )

    def _excluded(self, link: Link, region: Region) -> bool:
        """Whether a thread of a chain can't be where it waits while the region is entered."""
        return any(
            kept_apart(lock, region.beside, link.beside | {(link.holding, False)})
            for lock in (link.lock.name, link.holding)
        )

    def _ways(self, rule: Rule, event: Allocation, effect: Effect, words: Words) -> tuple[Way, ...]:
        names = self._names(event, effect)
        return tuple(
            Way(way.title, words.fill(way.why))
            for way in rule.ways
            if self._conditions.holds(way.when, names, rule) is not False
        )

    def _unsaved(self, rule: Rule, event: Allocation, effect: Effect, words: Words) -> tuple[str, ...]:
        names = self._names(event, effect)
        return tuple(
            words.fill(each.why) for each in rule.unsaved if self._conditions.holds(each.when, names, rule)
        )

    def belongs(self, lock: LockClass, callback: str) -> bool:
        """Whether a lock is the own one of the callback in this file: declared in its folder, around or
        inside it. Who waits for another's lock in reclaim is wrong about all who allocate under it.
        """
        if lock.home:
            homes = {lock.home}
        elif lock.tag and lock.exact:
            homes = {site.path for site in self._program.tree.index.records(lock.tag)}
        else:
            homes = {site.path for site in self._program.tree.index.variables(lock.name)}
            if not homes:
                return False  # only API models know it: some file keeps it to itself, and lends it to all
        own = callback.split("/")[:-1]
        folders = [home.split("/")[:-1] for home in homes]
        return not homes or any(
            folder[: len(own)] == own or (len(folder) > 1 and own[: len(folder)] == folder)
            for folder in folders
        )

    # ------------------------------------------------------------------------- confidence

    def _at_home(self, awaited: Awaited, function: FunctionRef) -> bool:
        """Whether all threads of a chain stand in one file: its locks are more likely of the same objects."""
        places = [awaited.registered.callback.path]
        for link in awaited.links:
            places += [step.place.path for step in link.thread.steps if step.place is not None]
        return all(self._program.tree.hidden(path) == function.path for path in places)

    def _certain(self, event: Allocation) -> bool:
        bits = event.mask
        return isinstance(bits, Bits) and bool(bits.ones & self._evaluator.direct_reclaim_bit)

    def _confidence(
        self, rule: Rule, held: Held, awaited: Awaited, behind: bool
    ) -> tuple[Confidence, tuple[str, ...]]:
        effect = held.region.effect
        event = effect.event
        assert isinstance(event, Allocation)
        known = confidence.Certainty(
            self._certain(event),
            self._holds(rule, effect) is True,
            admits(awaited, self._names(event, effect)["mask"], self._classes) is True,
        )
        test = " or ".join(self._masks.words(each.ones, each.zeros) for each in awaited.masks)
        return confidence.assess(
            held, awaited, known, test, self._at_home(awaited, held.function), self._lock_facts, behind=behind
        )
