"""Where in the analysed paths a lock of interest is held, and what is allocated there.

Candidates are found by text: a function that never mentions the lock's field or variable, nor a wrapper
that does, can't hold it. Only they are evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gfplint import ir
from gfplint.analysis.evaluate import ChainEvaluator, Evaluator, Limits
from gfplint.analysis.summary import Allocation, Facts, LockClass, Region, Summary
from gfplint.analysis.values import as_bits
from gfplint.errors import SourceError
from gfplint.frontend.source import Item, ItemKind
from gfplint.models import Acquire
from gfplint.program.program import FunctionRef

_WRAPPER_ROUNDS = 3
_GUARD_USE = re.compile(rb"\b(?:guard|scoped_guard|scoped_cond_guard|CLASS)\s*\(\s*(\w+)")
_NAME_BEFORE = re.compile(rb"([A-Za-z_]\w*)\s*\Z")
_NO_RECLAIM = re.compile(rb"\b(?:memalloc_noreclaim_save|PF_MEMALLOC)\b")
_CALLED = re.compile(rb"\b([A-Za-z_]\w*)[ \t]*\(")
_CALLER_LEVELS = 4
_MAX_CALLERS = 24
_MAX_CHAINS = 200
"""Chains of callers that are asked about one region; beyond, it stands as it was found."""


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

    def __init__(self, evaluator: Evaluator, files: Iterable[str]) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._files = sorted(files)
        self._chains: dict[FunctionRef, ChainEvaluator] = {}
        self._chains_left = 0
        self._mentions: dict[str, tuple[str, ...]] = {}
        self._alone = Evaluator(evaluator.program, Limits(depth=1), evaluator)
        self._callers: dict[FunctionRef, list[tuple[FunctionRef, int]] | None] = {}

    def find(self, locks: Iterable[LockClass], worth: Callable[[Region], bool]) -> list[Held]:
        """Every allocation that may reclaim under one of ``locks`` in the paths, in source order. Only for
        regions that are ``worth`` it are callers asked.
        """
        wanted = {lock.name for lock in locks}
        words = {lock.word for lock in locks if lock.word}
        if not wanted or not words:
            return []
        words |= self._models(locks)
        words |= self._wrappers(words, wanted)
        regions: list[tuple[FunctionRef, Summary, Region]] = []
        for ref in self._candidates(self._files, words):
            summary = self._evaluator.summary(ref, Facts())
            for region in summary.regions.values():
                relevant = region.held.lock.name in wanted and isinstance(region.effect.event, Allocation)
                if relevant and worth(region):
                    regions.append((ref, summary, region))
        self._look_up_callers({ref for ref, _, _ in regions})
        return [held for ref, summary, region in regions for held in self._confirm(ref, summary, region)]

    def _look_up_callers(self, refs: set[FunctionRef]) -> None:
        """Find the files that mention these functions and their callers, level by level: a search of the
        tree costs much the same for one name as for all.
        """
        seen: set[FunctionRef] = set()
        for _ in range(_CALLER_LEVELS):
            names = {ref.name for ref in refs if not self._static(ref)} - self._mentions.keys()
            if names:
                self._mentions.update(self._program.tree.index.mentions(sorted(names)))
            seen |= refs
            refs = {caller for ref in sorted(refs) for caller, _ in self._callers_of(ref) or ()} - seen
            if not refs:
                break

    def _static(self, ref: FunctionRef) -> bool:
        file = self._program.source(ref.path)
        items = file.find(ref.name, ItemKind.FUNCTION) if file is not None else []
        return ref.path.endswith(".c") and any(item.static for item in items)

    def _models(self, locks: Iterable[LockClass]) -> set[str]:
        """Modelled functions that take one of the locks without their caller naming it (``rtnl_lock()``)."""
        classes = {lock.name for lock in locks}
        words = {lock.word for lock in locks}
        names: set[str] = set()
        for name in self._program.models.acquiring():
            model = self._program.models.get(name)
            for effect in model.effects if model is not None else ():
                if not isinstance(effect, Acquire):
                    continue
                pointer = effect.lock.operand if isinstance(effect.lock, ir.AddressOf) else None
                if effect.lock_class in classes or (
                    isinstance(pointer, (ir.Field, ir.Global)) and pointer.name in words
                ):
                    names.add(name)
        return names

    def _candidates(self, files: Iterable[str], words: set[str]) -> list[FunctionRef]:
        """Functions of these files that mention one of the words."""
        pattern = any_of(words)
        found: list[FunctionRef] = []
        for path in files:
            try:
                data = self._program.tree.read(path)
            except SourceError:  # counted where the file is opened in earnest
                data = b""
            if pattern.search(data) is None:
                continue
            file = self._program.source(path)
            for item in self._program.items(path, ItemKind.FUNCTION):
                if file is not None and self._may_hold(file.text, item, pattern):
                    found.append(FunctionRef(path, item.start, item.name))
        return found

    def _may_hold(self, text: bytes, item: Item, pattern: re.Pattern[bytes]) -> bool:
        """Whether a function uses one of the words for more than API calls that take no sleeping lock
        (``spin_lock(&x->lock)``, ``list_empty(&x->lock)``).
        """
        for match in pattern.finditer(text, item.start, item.end):
            name = _enclosing_call(text, match.start(), item.start)
            model = self._program.models.get(name) if name else None
            if model is None:
                return True
            if any(
                isinstance(each, Acquire) and self._program.models.kinds[each.kind].sleeps
                for each in model.effects
            ):
                return True
        return False

    # ----------------------------------------------------------------------------- wrappers

    def _wrappers(self, words: set[str], wanted: set[str]) -> set[str]:
        """Names that the paths use, of functions that return with a wanted lock held and of macros that
        name one. Only what the paths call can matter to them, so only that is looked at.
        """
        called = self._called_names()
        homes = self._homes(called)
        known: set[str] = set()
        fresh = set(words)
        for _ in range(_WRAPPER_ROUNDS):
            pattern = any_of(fresh)
            names = self._guards(pattern)
            for path in sorted(homes):
                if pattern.search(self._program.tree.read(path)):
                    names |= self._wrappers_in(path, homes[path], pattern, wanted)
            fresh = names - known - words
            known |= fresh
            if not fresh:
                break
        return known

    def _guards(self, pattern: re.Pattern[bytes]) -> set[str]:
        """Guards used in the paths whose definition mentions a word."""
        names: set[str] = set()
        for path in self._files:
            for name in sorted(set(_GUARD_USE.findall(self._program.tree.read(path)))):
                guard = self._program.symbols.guard(name.decode(), path)
                if guard is not None and pattern.search(guard.lock):
                    names.add(name.decode())
        return names

    def _called_names(self) -> set[str]:
        names: set[str] = set()
        for path in self._files:
            names.update(name.decode() for name in _CALLED.findall(self._program.tree.read(path)))
        return {name for name in names if name not in self._program.models}

    def _homes(self, names: set[str]) -> dict[str, set[str]]:
        """File → those of the names that it may define, the analysed files among them."""
        homes: dict[str, set[str]] = dict.fromkeys(self._files, names)
        index = self._program.tree.index
        for name in sorted(names):
            for site in (*index.functions(name), *index.macros(name)):
                if site.path not in homes:
                    homes[site.path] = set()
                if homes[site.path] is not names:
                    homes[site.path].add(name)
        return homes

    def _wrappers_in(
        self, path: str, names: set[str], pattern: re.Pattern[bytes], wanted: set[str]
    ) -> set[str]:
        found: set[str] = set()
        file = self._program.source(path)
        for item in self._program.items(path, ItemKind.FUNCTION, ItemKind.MACRO):
            if file is None or item.name not in names or not pattern.search(file.text, item.start, item.end):
                continue
            if item.kind is ItemKind.MACRO or self._acquires(path, item, wanted):
                found.add(item.name)
        return found

    def _acquires(self, path: str, item: Item, wanted: set[str]) -> bool:
        """Whether the function by itself, its callees left out, returns with a wanted lock held."""
        summary = self._alone.summary(FunctionRef(path, item.start, item.name), Facts())
        return any(held.lock.name in wanted for each in summary.exits for held in each.taken)

    # ------------------------------------------------------------------------------ callers

    def _confirm(self, ref: FunctionRef, summary: Summary, region: Region) -> list[Held]:
        """Ask the callers where the region depends on what they pass.

        A region that no caller's arguments allow is dropped. One whose mask only callers know is taken as
        they pass it.
        """
        effect = region.effect
        assert isinstance(effect.event, Allocation)
        undecided = not self._decided(region)
        if not summary.consulted and not self._in_scope(ref):
            return [Held(ref, region, (), not undecided)]
        witnesses: list[Held] = []
        chain = self._chains.get(ref)
        if chain is None:
            chain = self._chains[ref] = ChainEvaluator(self._evaluator, ref)
        self._chains_left = _MAX_CHAINS
        asked = self._ask(ref, (), region, witnesses, chain)
        if asked is None:
            return [Held(ref, region, (), not undecided)]
        if not undecided and any(_leaf(each.region) == _leaf(region) for each in witnesses):
            return [Held(ref, region, (), True)]
        return witnesses[:1]

    def _in_scope(self, ref: FunctionRef) -> bool:
        """Whether a caller, or a caller's, may be inside ``memalloc_noreclaim_save()`` when it calls: only
        then can callers matter to a region that depends on no argument.
        """
        seen: set[FunctionRef] = set()
        level = {ref}
        for _ in range(_CALLER_LEVELS):
            level = {caller for each in sorted(level) for caller, _ in self._callers_of(each) or ()} - seen
            if any(_NO_RECLAIM.search(self._program.text_of(caller)) for caller in sorted(level)):
                return True
            seen |= level
        return False

    def _decided(self, region: Region) -> bool:
        event = region.effect.event
        assert isinstance(event, Allocation)
        return bool(as_bits(event.mask).ones & self._evaluator.direct_reclaim_bit)

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
        callers = self._callers_of(outer)
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
            deeper = bool(evaluator.summary(caller, Facts()).consulted) or self._in_scope(caller)
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

    def _rank(self, other: Region, region: Region) -> tuple[bool, bool, tuple[int, int, int]]:
        return not self._decided(other), _leaf(other) != _leaf(region), other.effect.cost

    def _callers_of(self, ref: FunctionRef) -> list[tuple[FunctionRef, int]] | None:
        """The calls of a function, by name; None where there may be others (its address is taken, it is
        called from too many places).
        """
        if ref not in self._callers:
            self._callers[ref] = self._find_callers(ref)
        return self._callers[ref]

    def _find_callers(self, ref: FunctionRef) -> list[tuple[FunctionRef, int]] | None:
        if self._static(ref):
            files: tuple[str, ...] = (ref.path,)
        else:
            if ref.name not in self._mentions:
                self._mentions.update(self._program.tree.index.mentions([ref.name]))
            files = self._mentions[ref.name]
        if len(files) > _MAX_CALLERS:
            return None
        word = ref.name.encode()
        call = re.compile(rb"\b" + re.escape(word) + rb"\b(\s*\()?")
        found: list[tuple[FunctionRef, int]] = []
        for path in files:
            source = self._program.source(path)
            if source is None:
                continue
            for item in self._program.items(path, ItemKind.FUNCTION, ItemKind.VARIABLE, ItemKind.MACRO):
                matches = list(call.finditer(source.text, item.start, item.end))
                if not matches or item.name == ref.name:
                    continue
                if item.kind is not ItemKind.FUNCTION or any(match[1] is None for match in matches):
                    return None
                caller = FunctionRef(path, item.start, item.name)
                if self._program.resolve(ref.name, path) != ref:
                    continue
                fn = self._program.function(caller)
                for block in fn.blocks if fn is not None else ():
                    for instruction in block.instructions:
                        if isinstance(instruction, ir.Call) and instruction.function == ir.Global(ref.name):
                            found.append((caller, instruction.at))
                if len(found) > _MAX_CALLERS:
                    return None
        return found


def any_of(words: set[str]) -> re.Pattern[bytes]:
    """A pattern for any of these identifiers."""
    return re.compile(rb"\b(?:" + b"|".join(re.escape(word.encode()) for word in sorted(words)) + rb")\b")


def _enclosing_call(text: bytes, at: int, start: int) -> str:
    """The name before the innermost parenthesis around an offset, "" where there is none in the statement."""
    depth = 0
    for position in range(at - 1, max(start, at - 400) - 1, -1):
        char = text[position : position + 1]
        if char == b")":
            depth += 1
        elif char == b"(":
            if depth == 0:
                match = _NAME_BEFORE.search(text, max(start, position - 80), position)
                return match[1].decode() if match else ""
            depth -= 1
        elif char in (b";", b"{", b"}"):
            return ""
    return ""


def _leaf(region: Region) -> tuple[str, int]:
    """Where the allocation itself is: the innermost callee and the offset in it."""
    effect = region.effect
    path = ""
    while effect.inner is not None:
        path = effect.callee.path if effect.callee is not None else ""
        effect = effect.inner
    return path, effect.at
