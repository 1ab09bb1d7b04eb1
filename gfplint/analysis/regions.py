"""Where in the analysed paths a lock of interest is held, and what is allocated there.

Candidates are found by text: a function that never mentions the lock's field or variable, nor a wrapper
that does, can't hold it. Only they are evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gfplint.analysis.callers import Callers
from gfplint.analysis.candidates import Asked, Candidates
from gfplint.analysis.evaluate import ChainEvaluator, Evaluator
from gfplint.analysis.summary import Allocation, Facts, LockClass, Region, Summary, Wait
from gfplint.analysis.work import Work, by_folder
from gfplint.frontend.source import ItemKind
from gfplint.kernel.trace import Memo
from gfplint.kernel.words import any_of
from gfplint.program.program import FunctionRef

_NO_RECLAIM_FLAG = "PF_MEMALLOC"
_CALLER_LEVELS = 4
_MAX_CHAINS = 200
"""Chains of callers that are asked about one region; beyond, it stands as it was found."""


Worth: TypeAlias = Callable[[FunctionRef, Region], bool]
"""Whether an allocation in a function, under one of the locks, is worth a look."""

Decided: TypeAlias = Callable[[Region], bool]
"""Whether all that rules ask of an allocation (its mask, its order) is known: no caller need be asked."""


@dataclass(slots=True)
class Held:
    """An allocation in a region, as seen from ``chain``: callers, outermost first, whose arguments decided
    it (empty where the function alone does). ``function`` holds the lock.
    """

    function: FunctionRef
    region: Region
    chain: tuple[tuple[FunctionRef, int], ...] = ()
    decided: bool = True


class Regions:
    """Searches the functions of some paths for regions of some locks."""

    def __init__(
        self,
        evaluator: Evaluator,
        files: Iterable[str],
        locks: Iterable[LockClass],
        callers: Callers,
        work: Work,
        asked: Asked,
    ) -> None:
        """``files``: those to analyse; ``locks``: the classes of interest."""
        self._evaluator = evaluator
        self._program = evaluator.program
        locks = list(locks)
        self._wanted = frozenset(lock.name for lock in locks)
        self._candidates = Candidates(evaluator, files, locks, work, asked)
        self._chains: dict[FunctionRef, ChainEvaluator] = {}
        self._chains_left = 0
        self._decided: Decided = lambda _: True
        self._scoping_pattern: re.Pattern[bytes] | None = None
        self.callers = callers
        self._scope_wrappers: Memo[None, frozenset[str]] = Memo(
            self._program.tree.trace, self._find_scope_wrappers
        )

    def prepare(self) -> list[str]:
        """Find the files in which one of the locks may be held: those of one folder together, folders with
        the most text first.
        """
        folders = by_folder(self._candidates.prepare())
        folders.sort(key=lambda paths: (-self._program.tree.total_size(paths), paths))
        return [path for paths in folders for path in paths]

    def inputs(self, path: str) -> object:
        """What candidates in a file depend on, as found by :meth:`prepare`."""
        return self._candidates.inputs([path])

    def holders(self, path: str, worth: Worth) -> list[FunctionRef]:
        """The functions of a file in which an allocation under one of the locks is ``worth`` a look, in
        source order.
        """
        return [ref for ref in self._candidates.of(path) if next(self._regions(ref, worth), None) is not None]

    def waiting(self, path: str) -> list[tuple[FunctionRef, Region]]:
        """Where in a file a thread that holds one of the locks waits for another lock that has a name: on
        certain ways only.
        """
        found: list[tuple[FunctionRef, Region]] = []
        for ref in self._candidates.of(path):
            for region in list(self._summary(ref).regions.values()):
                event = region.effect.event
                if (
                    self._candidates.wants(region.held.lock.name)
                    and isinstance(event, Wait)
                    and event.lock.word
                    and event.lock.exact
                    and event.lock.name != region.held.lock.name
                    and not event.lock.name.startswith(("?", "local "))
                    and region.effect.targets == 1
                ):
                    found.append((ref, region))
        return found

    def held(self, path: str) -> list[LockClass]:
        """All locks that sleep and have a name under which a function of a file that was looked at allocates
        or waits, of interest or not, by name.
        """
        kinds = self._program.models.kinds
        found = {
            lock.name: lock
            for ref in self._candidates.of(path)
            for region in self._summary(ref).regions.values()
            if kinds[(lock := region.held.lock).kind].sleeps and not lock.name.startswith(("?", "local "))
        }
        return [found[name] for name in sorted(found)]

    def confirmed(self, ref: FunctionRef, worth: Worth, decided: Decided) -> list[Held]:
        """The allocations under the locks in a function, as far as its callers allow them."""
        self._decided = decided
        return [
            held
            for summary, region in self._regions(ref, worth)
            for held in self._confirm(ref, summary, region)
        ]

    def _regions(self, ref: FunctionRef, worth: Worth) -> Iterator[tuple[Summary, Region]]:
        summary = self._summary(ref)
        for region in list(summary.regions.values()):
            if (
                isinstance(region.effect.event, Allocation)
                and self._candidates.wants(region.held.lock.name)
                and worth(ref, region)
            ):
                yield summary, region

    def _summary(self, ref: FunctionRef) -> Summary:
        self._evaluator.focus = self._wanted
        try:
            return self._evaluator.summary(ref, Facts())
        finally:
            self._evaluator.focus = None

    def look_up_callers(self, units: Iterable[Iterable[FunctionRef]]) -> bool:
        """Find the files that mention these functions and their callers, level by level: a search of the
        tree costs much the same for one name as for all. Always true: what counts is what it leaves.
        """
        refs = {ref for unit in units for ref in unit}
        seen: set[FunctionRef] = set()
        for _ in range(_CALLER_LEVELS):
            self._program.tree.index.mentions(self.callers.names(refs))
            seen |= refs
            refs = {caller for ref in sorted(refs) for caller, _ in self.callers.of(ref) or ()} - seen
            if not refs:
                break
        return True

    # ------------------------------------------------------------------------------ callers

    def _confirm(self, ref: FunctionRef, summary: Summary, region: Region) -> list[Held]:
        """Ask the callers where the region depends on what they pass.

        A region that no caller's arguments allow is dropped. One whose mask only callers know is taken as
        they pass it.
        """
        effect = region.effect
        assert isinstance(effect.event, Allocation)
        undecided = not self._decided(region)
        if not summary.consulted and not self._in_scope(ref, _CALLER_LEVELS):
            return [Held(ref, region, (), not undecided)]
        witnesses: list[Held] = []
        chain = self._chains.get(ref)
        if chain is None:
            chain = self._chains[ref] = ChainEvaluator(self._evaluator, ref, self._scope_wrappers(None))
        self._chains_left = _MAX_CHAINS
        asked = self._ask(ref, (), region, witnesses, chain)
        if asked is None:
            return [Held(ref, region, (), not undecided)]
        if not undecided and any(_leaf(each.region) == _leaf(region) for each in witnesses):
            return [Held(ref, region, (), True)]
        return witnesses[:1]

    def _in_scope(self, ref: FunctionRef, levels: int) -> bool:
        """Whether a caller, or a caller's, may be inside a scope without reclaim when it calls: only
        then can callers matter to a region that depends on no argument.
        """
        seen: set[FunctionRef] = set()
        level = {ref}
        for _ in range(levels):
            self.callers.expect(level)
            level = {caller for each in sorted(level) for caller, _ in self.callers.of(each) or ()} - seen
            scoping = self._scoping()
            if any(scoping.search(self._program.text_of(caller)) for caller in sorted(level)):
                return True
            seen |= level
        return False

    def _find_scope_wrappers(self, _: None) -> frozenset[str]:
        """Names of functions that enter a scope without reclaim, or leave it, for their caller."""
        names: set[str] = set()
        calls = self._program.models.scoping("noreclaim")
        call = re.compile("|".join(calls).encode())
        files = self._program.tree.index.mentions(calls)
        for path in sorted({path for each in files.values() for path in each}):
            for item, matches in self._program.matching(path, call, ItemKind.FUNCTION):
                if len({match[0] for match in matches}) == 1 and item.name not in self._program.models:
                    names.add(item.name)
        return frozenset(names)

    def _scoping(self) -> re.Pattern[bytes]:
        """What enters a scope that forbids reclaim, by name."""
        wrappers = self._scope_wrappers(None)
        if self._scoping_pattern is None:
            calls = self._program.models.scoping("noreclaim")
            self._scoping_pattern = any_of({*wrappers, *calls, _NO_RECLAIM_FLAG})
        return self._scoping_pattern

    def _ask(
        self,
        ref: FunctionRef,
        chain: tuple[tuple[FunctionRef, int], ...],
        region: Region,
        witnesses: list[Held],
        evaluator: ChainEvaluator,
    ) -> bool | None:
        """Collect callers' views of ``region`` in ``witnesses``; None where not all callers are known."""
        outer = chain[0][0] if chain else ref
        callers = self.callers.of(outer)
        if not callers or len(chain) >= _CALLER_LEVELS:
            return None
        for caller, at in callers:
            longer = ((caller, at), *chain)
            self._chains_left -= 1
            if self._chains_left < 0:
                return None
            evaluator.chain.add(caller)
            view = self._view(longer, ref, region, evaluator)
            if view is None:
                continue
            deeper = bool(evaluator.summary(caller, Facts()).consulted) or self._in_scope(
                caller, _CALLER_LEVELS - len(longer)
            )
            if deeper and len(longer) < _CALLER_LEVELS:
                inner: list[Held] = []
                answer = self._ask(ref, longer, region, inner, evaluator)
                if self._chains_left < 0:
                    return None
                if answer is not None:
                    witnesses.extend(inner)
                    continue
            witnesses.append(Held(ref, view, longer, self._decided(view)))
        witnesses.sort(key=lambda each: (not each.decided, len(each.chain), each.chain))
        return True

    def _view(
        self,
        chain: tuple[tuple[FunctionRef, int], ...],
        ref: FunctionRef,
        region: Region,
        evaluator: ChainEvaluator,
    ) -> Region | None:
        """The same region in the summary of ``ref`` that the outermost caller's walk used; None where its
        arguments rule the region out.
        """
        summaries = [evaluator.summary(chain[0][0], Facts())]
        path = [*(each for each, _ in chain[1:]), ref]
        for (_, at), callee in zip(chain, path, strict=True):
            # A call inside a scope that forbids reclaim, or under a spinlock, lets no allocation pass.
            summaries = [
                inner
                for summary in summaries
                if (at, callee) in summary.passed
                for other, inner in summary.below.get(at, ())
                if other == callee
            ]
        best: Region | None = None
        for summary in summaries:
            for other in summary.regions.values():
                if (
                    other.held.lock.name == region.held.lock.name
                    and other.effect.at == region.effect.at
                    and isinstance(other.effect.event, Allocation)
                    and (best is None or self._rank(other, region) < self._rank(best, region))
                ):
                    best = other
        return best

    def _rank(self, other: Region, region: Region) -> tuple[bool, bool, tuple[int, ...]]:
        return not self._decided(other), _leaf(other) != _leaf(region), other.effect.cost


def _leaf(region: Region) -> tuple[str, int]:
    """Where the allocation itself is: the innermost callee and the offset in it."""
    effect = region.effect
    path = ""
    while effect.inner is not None:
        path = effect.callee.path if effect.callee is not None else ""
        effect = effect.inner
    return path, effect.at
