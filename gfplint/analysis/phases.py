"""The two phases of a run, in units of work that several processes share.

First the callbacks of reclaim are followed to the locks that they wait for, then the functions of the paths
that hold one of these locks are followed to their allocations. A unit is a callback, a file, or, where
callers confirm, a folder's functions. What a unit answers depends on the sources and the rules alone, not on
which units the process had before; so it makes no difference how many processes there are, and answers of
earlier runs stand for units that no edit touched (:mod:`gfplint.cache.units`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_64_digest

from gfplint import ir
from gfplint.analysis import confidence, suppressions
from gfplint.analysis.callbacks import Answer, Awaited, Callback, Callbacks, Link
from gfplint.analysis.callers import Callers
from gfplint.analysis.conditions import Conditions
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.explain import Explainer
from gfplint.analysis.gates import Gates
from gfplint.analysis.grouping import Match
from gfplint.analysis.handed_out import handed_out
from gfplint.analysis.regions import Held, Regions
from gfplint.analysis.summary import LockClass, Locks, Region
from gfplint.analysis.work import Progress, Work, folder_of, together_by_folder
from gfplint.errors import SourceError
from gfplint.findings import Confidence
from gfplint.program.kept import KeptWork, Key
from gfplint.program.program import FunctionRef, Program
from gfplint.program.registrations import Registered
from gfplint.program.symbols import GUARD_DEFINITIONS
from gfplint.rules import Context, Rule, Rules

if TYPE_CHECKING:
    from gfplint.analysis.relevant import Relevant
    from gfplint.cache.units import Facts, Units

_MOST_FILES = 400
"""Files of a run from which on links between locks are looked for in these alone."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a rule wants to know of regions: who waits for which lock in one of its contexts."""

    rule: Rule
    context: Context
    waits: dict[str, list[Awaited]]


class Phases:
    """Runs units of work on one program and its evaluator."""

    def __init__(
        self,
        program: Program,
        rules: Rules,
        evaluator: Evaluator,
        jobs: int,
        units: Units | None = None,
    ) -> None:
        """``units``: where answers of earlier runs are, if anywhere."""
        self._program = program
        self._rules = rules
        self._evaluator = evaluator
        self.work = Work(program, jobs, units)
        self._callers = Callers(program)
        self._searches = 0
        self.held: set[LockClass] = set()
        """The locks that functions in which one of a query's may be held were found to hold."""
        self.explainer = Explainer(evaluator, Conditions(program.masks), self._callers)

    # -------------------------------------------------------------------------- callbacks

    def callbacks(
        self, contexts: Sequence[Context], progress: Progress, relevant: Relevant | None = None
    ) -> list[Answer]:
        """What every registered callback of these contexts waits for, in the order of :class:`Registered`.

        With ``relevant``, callbacks may be left out that can't wait for a lock which its files hold.
        """
        self._expect_searches(contexts)
        callbacks = Callbacks(self._evaluator)
        registered = self._registered(callbacks, contexts, relevant)
        functions: dict[FunctionRef, list[Registered]] = {}
        for each in registered:
            functions.setdefault(each.callback, []).append(each)
        inside = [rule for rule in self._rules if rule.kind == "inside"]
        ids = [context.id for context in contexts]

        def key(unit: list[Registered]) -> Key:
            return "callbacks", ids, self.work.kept.relative(unit)

        def work(unit: list[Registered]) -> list[Answer]:
            self._begin(("callbacks", unit[0].callback))
            return [self._answer(callbacks.evaluate(each, contexts), inside) for each in unit]

        units = sorted(functions.values())
        if relevant is None or not relevant.narrows(len(units)):
            self._program.tree.index.scan_stores()
            found = self.work.answers(units, key, work, progress=progress)
            return sorted((answer for unit in found for answer in unit), key=_registered)
        relevant.hold(lock for locks in self.work.spread(relevant.asking(self.work.kept)) for lock in locks)
        relevant.choose(registered, self.work.kept)
        if relevant.follows_all:
            self._program.tree.index.scan_stores()
        answers: list[Answer] = []
        while chosen := [unit for unit in units if relevant.may_matter(unit)]:
            units = [unit for unit in units if unit not in chosen]
            more = [
                answer for unit in self.work.answers(chosen, key, work, progress=progress) for answer in unit
            ]
            relevant.learn(more)
            answers += more
        relevant.left_out = sum(len(unit) for unit in units)
        return sorted(answers, key=_registered)

    def _registered(
        self, callbacks: Callbacks, contexts: Sequence[Context], relevant: Relevant | None
    ) -> list[Registered]:
        """All registered callbacks. Meanwhile it is found out which locks the files of ``relevant`` hold."""
        kept = self.work.kept

        def spread(tasks: Sequence[Callable[[], Any]], units: int) -> list[Any]:
            asking = relevant.asking(kept) if relevant is not None and relevant.narrows(units) else []
            answers = self.work.spread([*asking, *tasks])
            if relevant is not None and asking:
                relevant.hold(lock for locks in answers[: len(asking)] for lock in locks)
                self._program.tree.index.expect_of(relevant.expected)
            return answers[len(asking) :]

        return callbacks.registrations.find(contexts, kept, spread)

    def _expect_searches(self, contexts: Sequence[Context]) -> None:
        """Announce the words that nearly every run asks for, before the tree is scanned."""
        models = self._program.models
        self._program.tree.index.storing.expect(
            callback.name
            for context in contexts
            for each in context.registrations
            if each.function is None
            for callback in each.callbacks
            if isinstance(callback, (ir.Field, ir.Local, ir.Global))
        )
        self._program.tree.index.expect(
            [
                *GUARD_DEFINITIONS,
                suppressions.WORD,
                *(each.function for context in contexts for each in context.registrations if each.function),
                *(name for key in ("enters", "leaves", "prepares") for name in models.names_with(key)),
            ]
        )

    def _answer(self, callback: Callback, inside: Iterable[Rule]) -> Answer:
        registered = callback.registered
        ref = registered.callback
        explainer = self.explainer
        context = self._rules.context(registered.context)
        awaited = []
        for each in callback.waits():
            effect = each.effect
            thread = explainer.waiter(context, registered, effect, each.lock.name)
            awaited.append(
                Awaited(
                    each.lock,
                    each.shared,
                    registered,
                    effect.targets,
                    effect.depth,
                    # Not where in its file: it is compared with others elsewhere.
                    (*effect.cost[:-1], effect.at - ref.start),
                    each.masks,
                    thread,
                    each.under,
                    warned=effect.warned,
                    tried=each.tried,
                    handed_by=handed_out(self._program, ref, effect),
                )
            )
        findings = [
            explainer.inside(rule, context, registered, effect)
            for rule in inside
            if context.id in rule.contexts
            for effect in callback.allocations()
            if explainer.matches(rule, effect)
        ]
        fn = self._program.function(ref)
        return Answer(
            registered,
            explainer.place(registered.path, registered.at),
            explainer.place(ref.path, fn.name_at if fn is not None else ref.start),
            tuple(awaited),
            tuple(findings),
        )

    # ---------------------------------------------------------------------------- regions

    def regions(
        self,
        files: Sequence[str],
        queries: Sequence[Query],
        lowest: Confidence,
        progress: Progress,
        linked: frozenset[str] = frozenset(),
    ) -> tuple[list[Match], list[Link]]:
        """The findings of these rules in these files, those that reach ``lowest`` among them; and where a
        thread that holds one of the ``linked`` locks, which are among those that callbacks wait for, waits
        for another lock. For that the folders of the callbacks are looked at, too.
        """
        explainer = self.explainer
        own = frozenset(files)
        locks: dict[str, LockClass] = {}
        for query in queries:
            for name, waits in query.waits.items():
                if any(confidence.best_wait(each) >= lowest for each in waits):
                    locks[name] = waits[0].lock
        chains = all(each.links for query in queries for waits in query.waits.values() for each in waits)
        near = confidence.chain_length(lowest) if chains else None
        beside = self._beside(queries, linked, own)
        self._searches += 1
        number = self._searches
        facts = _told(self.work.kept, queries, linked, locks)
        wanted = [locks[name] for name in sorted(locks)]
        regions = Regions(self._evaluator, own | beside, wanted, self._callers, self.work, (number, facts))
        gates = Gates(self._evaluator, self._callers)
        trace = self._program.tree.trace

        def first(query: Query, region: Region) -> Awaited | None:
            trace.leaf("fact", _waits(query, region.held.lock.name))
            waits = query.waits.get(region.held.lock.name)
            if waits is None or not explainer.matches(query.rule, region.effect):
                return None
            return explainer.waiting(waits, region)

        def worth(ref: FunctionRef, region: Region) -> bool:
            return any(
                (awaited := first(query, region)) is not None
                and confidence.best(ref, region, awaited) >= lowest
                for query in queries
            )

        def decided(region: Region) -> bool:
            name = region.held.lock.name
            for query in queries:
                trace.leaf("fact", _waits(query, name))
            return all(
                explainer.decided(query.rule, region.effect) for query in queries if name in query.waits
            )

        def starts_link(region: Region) -> bool:
            trace.leaf("fact", f"linked {region.held.lock.name}")
            return region.held.lock.name in linked

        def matches(held: Held) -> Iterable[Match]:
            for query in queries:
                awaited = first(query, held.region)
                if awaited is not None:
                    waits = query.waits[held.region.held.lock.name]
                    awaited, carried = explainer.unless_carried(query.rule, held, waits, awaited)
                    if awaited.gates and gates.shut(held, awaited.gates):
                        continue
                    behind = bool(awaited.gates) and not gates.open(held, awaited.gates)
                    finding = explainer.held(query.rule, query.context, held, awaited, carried, behind=behind)
                    site = explainer.allocation_site(held.function, held.region.effect)
                    lock, callback = held.region.held.lock, awaited.registered.callback
                    own = awaited.links or explainer.belongs(lock, callback.path)
                    yield Match(finding, lock.name, site, None if own else callback)

        asked = number, [(query.rule.id, query.context.id) for query in queries], lowest, bool(linked), near

        def look_key(path: str) -> Key:
            return "look", asked, path, path in own, regions.inputs(path)

        def look(path: str) -> tuple[list[FunctionRef], list[Link], list[LockClass]]:
            self._begin(("look", number, path), near)
            holders = regions.holders(path, worth) if path in own else []
            links = _best_links(
                explainer.link(ref, region)
                for ref, region in (regions.waiting(path) if linked else ())
                if starts_link(region) and confidence.is_short(region.effect)
            )
            return holders, links, regions.held(path) if path in own else []

        def confirm_key(unit: list[FunctionRef]) -> Key:
            return "confirm", asked, self.work.kept.relative(unit)

        def confirm(unit: list[FunctionRef]) -> list[Match]:
            self._begin(("confirm", number, folder_of(unit[0].path)), near)
            return [
                match
                for ref in unit
                for held in regions.confirmed(ref, worth, decided)
                for match in matches(held)
            ]

        looked = self.work.answers(
            regions.prepare(), look_key, look, facts=facts, progress=progress, together=folder_of
        )
        holders = together_by_folder((ref for refs, _, _ in looked for ref in refs), lambda ref: ref.path)
        self._note_callers(regions, holders)
        found = self.work.answers(holders, confirm_key, confirm, facts=facts, ahead=regions.look_up_callers)
        links = _best_links(link for _, each, _ in looked for link in each)
        self.held.update(lock for _, _, each in looked for lock in each)
        self.held.update(link.lock for link in links)
        return [match for unit in found for match in unit], links

    def _note_callers(self, regions: Regions, holders: Sequence[list[FunctionRef]]) -> None:
        """Read the callers of all holders, which the account counts, unless an earlier run did."""
        keys: list[Key] = [("callers", self.work.kept.relative(refs)) for refs in holders]
        known = self.work.kept.load(keys)
        missing = [number for number, answer in enumerate(known) if answer is None]
        regions.look_up_callers([holders[number] for number in missing])
        for number in missing:
            self.work.kept.work(keys[number], partial(regions.look_up_callers, [holders[number]]))

    def _beside(
        self, queries: Sequence[Query], linked: frozenset[str], own: frozenset[str]
    ) -> frozenset[str]:
        """The files beside a callback that waits for a linked lock, unless the run is about most of the
        tree anyway. Nothing where no file of the run mentions the lock.
        """
        if len(own) > _MOST_FILES:
            return frozenset()
        folders: set[str] = set()
        for query in queries:
            for name in sorted(query.waits.keys() & linked):
                waits = query.waits[name]
                word = re.compile(rb"\b" + re.escape(waits[0].lock.word.encode()) + rb"\b")
                if any(self._mentions(path, word) for path in sorted(own)):
                    folders.update(folder_of(each.registered.callback.path) for each in waits)
        near = {folder_of(path) for path in own}
        tree = self._program.tree
        return frozenset(path for folder in sorted(folders & near) for path in tree.c_files(folder))

    def _mentions(self, path: str, word: re.Pattern[bytes]) -> bool:
        try:
            return word.search(self._program.tree.read(path)) is not None
        except SourceError:  # counted where the file is opened in earnest
            return False

    # ---------------------------------------------------------------------------- process

    def _begin(self, unit: object, near: int | None = None) -> None:
        """A unit of work starts: nothing of the last one's may show in it."""
        self._evaluator.begin(unit, near)


def _waits(query: Query, lock: str) -> str:
    return f"waits {query.rule.id} {query.context.id} {lock}"


def _registered(answer: Answer) -> Registered:
    return answer.registered


def _told(kept: KeptWork, queries: Sequence[Query], linked: Collection[str], locks: Collection[str]) -> Facts:
    """What a unit may ask about the run, as digests: who waits for a lock, whether a lock is linked, and
    whether it is one of those looked for.
    """
    waits = {_waits(query, name): each for query in queries for name, each in query.waits.items()}
    known: dict[str, bytes] = {}

    def tell(what: str) -> bytes:
        answer = known.get(what)
        if answer is None:
            kind, _, name = what.partition(" ")
            if kind == "waits":
                found = waits.get(what)
                answer = xxh3_64_digest(repr(kept.relative(found)).encode()) if found is not None else b""
            else:
                answer = b"1" if name in (linked if kind == "linked" else locks) else b""
            known[what] = answer
        return answer

    return tell


def starts_chain(waits: Sequence[Awaited]) -> bool:
    """Whether a lock is awaited surely enough, by what holds it alone, to be the first of a chain."""
    return any(
        each.targets == 1 and each.lock.word and each.lock.exact and confidence.is_short_way(each.depth)
        for each in waits
    )


def chained(
    waits: dict[str, list[Awaited]], links: Iterable[Link], known: Collection[str]
) -> dict[str, list[Awaited]]:
    """Who waits in the end for the locks that the links lead to; ``known`` ones, which are awaited with fewer
    threads between, are left out.
    """
    result: dict[str, list[Awaited]] = {}
    for link in links:
        if link.lock.name in known:
            continue
        for each in waits.get(link.holding, ())[:1]:
            result.setdefault(link.lock.name, []).append(
                Awaited(
                    link.lock,
                    link.shared,
                    each.registered,
                    each.targets * link.targets,
                    max(each.depth, link.depth),
                    (each.targets * link.targets, each.warned, each.depth + link.depth, each.cost[-1]),
                    each.masks,
                    each.thread,
                    each.under,
                    (*each.links, link),
                    each.warned,
                    handed_by=each.handed_by,
                )
            )
    for found in result.values():
        found.sort(key=lambda each: (len(each.links), each.shared, *each.cost, each.registered))
    return result


def _best_links(links: Iterable[Link]) -> list[Link]:
    """One link for each pair of locks and each set of locks beside: the one with the shortest way."""
    best: dict[tuple[str, str, Locks], Link] = {}
    for link in links:
        key = (link.holding, link.lock.name, link.beside)
        known = best.get(key)
        if known is None or _effort(link) < _effort(known):
            best[key] = link
    return [best[key] for key in sorted(best, key=lambda key: (key[0], key[1], sorted(key[2])))]


def _effort(link: Link) -> tuple[object, ...]:
    steps = link.thread.steps
    first = steps[0].place
    return link.shared, link.depth, len(steps), (first.path, first.line) if first is not None else ("", 0)
