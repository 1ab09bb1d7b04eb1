"""Where in the analysed paths a lock of interest is held, and what is allocated there.

Candidates are found by text: a function that never mentions the lock's field or variable, nor a wrapper
that does, can't hold it. Only they are evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gfplint import ir
from gfplint.analysis.evaluate import ChainEvaluator, Evaluator, Limits
from gfplint.analysis.state import parts
from gfplint.analysis.summary import Allocation, Facts, LockClass, Region, Summary, Wait
from gfplint.analysis.values import as_bits
from gfplint.errors import SourceError
from gfplint.frontend.source import Item, ItemKind
from gfplint.kernel.workers import dispatch
from gfplint.models import Acquire, Model
from gfplint.program.program import FunctionRef
from gfplint.program.substitution import at_call

_WRAPPER_ROUNDS = 3
_GUARD_USE = re.compile(rb"\b(?:guard|scoped_guard|scoped_cond_guard|CLASS)\s*\(\s*(\w+)")
_NAME_BEFORE = re.compile(rb"([A-Za-z_]\w*)\s*\Z")
_NO_RECLAIM = re.compile(rb"\b(?:memalloc_noreclaim_save|PF_MEMALLOC)\b")
_CALLED = re.compile(rb"\b([A-Za-z_]\w*)[ \t]*\(")
_CALLER_LEVELS = 4
_MAX_CALLERS = 24
_MANY_FILES = 400
"""From so many files on they are searched all at once, on all processes."""
_GUARD_MACROS = {"guard", "scoped_guard", "scoped_cond_guard", "CLASS"}
_MAX_CHAINS = 200
"""Chains of callers that are asked about one region; beyond, it stands as it was found."""


_Homes: TypeAlias = dict[str, set[str] | None]
"""File → the names that it may define and that matter; None: all."""


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

    def __init__(self, evaluator: Evaluator, files: Iterable[str], locks: Iterable[LockClass]) -> None:
        """``files``: those to analyse; ``locks``: the classes of interest."""
        self._evaluator = evaluator
        self._program = evaluator.program
        self._files = sorted(files)
        self._locks = list(locks)
        self._wanted = frozenset(lock.name for lock in self._locks)
        self._words: set[str] = set()
        self._wrapping: set[str] = set()
        self._own_wrapping: dict[str, set[str]] = {}
        self._chains: dict[FunctionRef, ChainEvaluator] = {}
        self._chains_left = 0
        self._mentions: dict[str, tuple[str, ...]] = {}
        self._alone = Evaluator(evaluator.program, Limits(depth=1), evaluator)
        self._callers: dict[FunctionRef, list[tuple[FunctionRef, int]] | None] = {}

    def prepare(self) -> list[list[str]]:
        """Find the words of the locks and of what wraps them, and with them the files in which one of the
        locks may be held: by folder, those with the most text first.
        """
        self._words = {lock.word for lock in self._locks if lock.word} | self._models(self._locks)
        if not self._words:
            return []
        self._wrappers(set(self._words))
        folders: dict[str, list[str]] = {}
        own = {path for path, names in self._own_wrapping.items() if names}
        for path in self._mentioning(self._files, self._words | self._wrapping):
            own.add(path)
        for path in self._files:
            if path in own:
                folders.setdefault(path.rpartition("/")[0], []).append(path)
        return sorted(folders.values(), key=lambda paths: (-self._program.tree.total_size(paths), paths))

    def holders(self, files: Iterable[str], worth: Callable[[Region], bool]) -> list[FunctionRef]:
        """The functions of these files in which an allocation under one of the locks is ``worth`` a look,
        in source order.
        """
        found: list[FunctionRef] = []
        for path in files:
            words = self._words | self._wrapping | self._own_wrapping.get(path, set())
            for ref in self._candidates(path, words):
                if next(self._regions(ref, worth), None) is not None:
                    found.append(ref)
        return found

    def waiting(self, files: Iterable[str]) -> list[tuple[FunctionRef, Region]]:
        """Where in these files a thread that holds one of the locks waits for another lock that has a name:
        on certain ways only.
        """
        found: list[tuple[FunctionRef, Region]] = []
        for path in files:
            words = self._words | self._wrapping | self._own_wrapping.get(path, set())
            for ref in self._candidates(path, words):
                for region in list(self._summary(ref).regions.values()):
                    event = region.effect.event
                    if (
                        region.held.lock.name in self._wanted
                        and isinstance(event, Wait)
                        and event.lock.word
                        and event.lock.exact
                        and event.lock.name != region.held.lock.name
                        and not event.lock.name.startswith(("?", "local "))
                        and region.effect.targets == 1
                    ):
                        found.append((ref, region))
        return found

    def confirmed(self, ref: FunctionRef, worth: Callable[[Region], bool]) -> list[Held]:
        """The allocations under the locks in a function, as far as its callers allow them."""
        return [
            held
            for summary, region in self._regions(ref, worth)
            for held in self._confirm(ref, summary, region)
        ]

    def _regions(self, ref: FunctionRef, worth: Callable[[Region], bool]) -> Iterator[tuple[Summary, Region]]:
        summary = self._summary(ref)
        for region in list(summary.regions.values()):
            relevant = region.held.lock.name in self._wanted and isinstance(region.effect.event, Allocation)
            if relevant and worth(region):
                yield summary, region

    def _summary(self, ref: FunctionRef) -> Summary:
        self._evaluator.focus = self._wanted
        try:
            return self._evaluator.summary(ref, Facts())
        finally:
            self._evaluator.focus = None

    def look_up_callers(self, refs: set[FunctionRef]) -> None:
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
        words = {lock.word for lock in locks if lock.word}
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

    def _mentioning(self, files: Sequence[str], words: set[str]) -> list[str]:
        """Those of the files that mention one of the words."""
        index = self._program.tree.index
        if len(files) > _MANY_FILES:
            answers = index.mentions(sorted(words))
            found = {path for paths in answers.values() for path in paths}
            return [path for path in files if path in found]
        pattern = any_of(words)
        return [path for path in files if pattern.search(self._read(path))]

    def _read(self, path: str) -> bytes:
        try:
            return self._program.tree.read(path)
        except SourceError:  # counted where the file is opened in earnest
            return b""

    def _candidates(self, path: str, words: set[str]) -> list[FunctionRef]:
        """Functions of a file that use one of the words, and name one of the locks or call a wrapper."""
        pattern = any_of(words)
        if pattern.search(self._read(path)) is None:
            return []
        file = self._program.source(path)
        found: list[FunctionRef] = []
        for item in self._program.items(path, ItemKind.FUNCTION):
            if file is None or not self._may_hold(file.text, item, pattern):
                continue
            ref = FunctionRef(path, item.start, item.name)
            if self._takes(ref):
                found.append(ref)
        return found

    def _takes(self, ref: FunctionRef) -> bool:
        """Whether a function may take one of the locks, by types alone: it names the address of one, calls
        a wrapper, or takes a lock through a pointer.
        """
        fn = self._program.function(ref)
        if fn is None:
            return False
        own = self._own_wrapping.get(ref.path, set())
        for block in fn.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.Assign):
                    if self._speaks(instruction.value, fn):
                        return True
                    continue
                called = instruction.function
                name = called.name if isinstance(called, ir.Global) else ""
                if name in self._wrapping or name in own:
                    return True
                if any(self._speaks(arg, fn) for arg in instruction.args):
                    return True
                model = self._evaluator.pointers.direct(instruction, fn)
                if isinstance(model, Model) and self._acquires_wanted(model, instruction, fn):
                    return True
        return False

    def _speaks(self, expr: ir.Expr, fn: ir.Function) -> bool:
        """Whether an expression has the address of something that is, or may be, one of the locks."""
        if isinstance(expr, ir.AddressOf) and isinstance(expr.operand, (ir.Field, ir.Global, ir.Index)):
            place = self._evaluator.place(expr.operand, fn)
            if place is None or place.lock_class in self._wanted:
                return True
        return any(self._speaks(part, fn) for part in parts(expr))

    def _acquires_wanted(self, model: Model, call: ir.Call, fn: ir.Function) -> bool:
        """Whether a modelled function takes one of the locks that no argument names, or one that a pointer
        in memory leads to.
        """
        actual = dict(zip(model.params, call.args, strict=False))
        for effect in model.effects:
            if not isinstance(effect, Acquire):
                continue
            if effect.lock_class is not None:
                if effect.lock_class in self._wanted:
                    return True
            elif effect.lock is not None:
                lock = at_call(effect.lock, actual)
                if isinstance(lock, (ir.Field, ir.Deref, ir.Index, ir.Cast)) or self._speaks(lock, fn):
                    return True
        return False

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

    def _wrappers(self, words: set[str]) -> None:
        """Find the functions that return with a wanted lock held and the macros that name one. Only what
        the paths call can matter to them; where they are many, that is everything.
        """
        many = len(self._files) > _MANY_FILES
        homes = {} if many else self._homes(self._called_names())
        fresh = words
        for _ in range(_WRAPPER_ROUNDS):
            pattern = any_of(fresh)
            names = self._guards(pattern)
            if many:
                homes = dict.fromkeys(self._mentioning(self._program.tree.index.files, fresh))
            folders: dict[str, list[str]] = {}
            for path in sorted(homes):
                if many or pattern.search(self._read(path)):
                    folders.setdefault(path.rpartition("/")[0], []).append(path)

            def work(
                files: list[str], pattern: re.Pattern[bytes] = pattern, homes: _Homes = homes
            ) -> list[tuple[str, str]]:
                self._evaluator.begin(files)
                return [pair for path in files for pair in self._wrappers_in(path, homes[path], pattern)]

            answers, _ = dispatch(work, list(folders.values()), self._program.tree.jobs if many else 1)
            known = self._wrapping | words
            fresh = names - known
            self._wrapping |= names
            for name, path in (pair for answer in answers for pair in answer):
                if path.endswith(".c") and self._is_static(name, path):
                    own = self._own_wrapping.setdefault(path, set())
                    if name not in own:
                        own.add(name)
                        fresh.add(name)
                elif name not in known:
                    self._wrapping.add(name)
                    fresh.add(name)
            if not fresh:
                break

    def _is_static(self, name: str, path: str) -> bool:
        """Whether a ``.c`` file's function or macro is its own affair."""
        file = self._program.source(path)
        items = file.find(name, ItemKind.FUNCTION, ItemKind.MACRO) if file is not None else []
        return any(item.static or item.kind is ItemKind.MACRO for item in items)

    def _guards(self, pattern: re.Pattern[bytes]) -> set[str]:
        """Guards used in the paths whose definition mentions a word."""
        names: set[str] = set()
        for path in self._mentioning(self._files, _GUARD_MACROS):
            for name in sorted(set(_GUARD_USE.findall(self._read(path)))):
                guard = self._program.symbols.guard(name.decode(), path)
                if guard is not None and pattern.search(guard.lock):
                    names.add(name.decode())
        return names

    def _called_names(self) -> set[str]:
        names: set[str] = set()
        for path in self._files:
            names.update(name.decode() for name in _CALLED.findall(self._read(path)))
        return {name for name in names if name not in self._program.models}

    def _homes(self, names: set[str]) -> _Homes:
        """File → those of the names that it may define, the analysed files among them."""
        homes: _Homes = dict.fromkeys(self._files, names)
        index = self._program.tree.index
        for name in sorted(names):
            for site in (*index.functions(name), *index.macros(name)):
                known = homes.setdefault(site.path, set())
                if known is not None and known is not names:
                    known.add(name)
        return homes

    def _wrappers_in(
        self, path: str, names: set[str] | None, pattern: re.Pattern[bytes]
    ) -> list[tuple[str, str]]:
        """(name, file) of the wrappers that a file defines, of those ``names`` (None: of all)."""
        found: list[tuple[str, str]] = []
        file = self._program.source(path)
        for item in self._program.items(path, ItemKind.FUNCTION, ItemKind.MACRO):
            if file is None or (names is not None and item.name not in names):
                continue
            if item.name in self._program.models or not pattern.search(file.text, item.start, item.end):
                continue
            if item.kind is ItemKind.MACRO:
                if self._names_lock(file.text, item, pattern):
                    found.append((item.name, path))
            elif self._may_hold(file.text, item, pattern) and self._acquires(path, item):
                found.append((item.name, path))
        return found

    def _names_lock(self, text: bytes, item: Item, pattern: re.Pattern[bytes]) -> bool:
        """Whether a macro's body mentions one of the words, apart from its own name and parameters."""
        body = text.find(b")", item.start, item.end)
        return pattern.search(text, max(body, item.start + len(item.name)), item.end) is not None

    def _acquires(self, path: str, item: Item) -> bool:
        """Whether the function by itself, its callees left out, returns with a wanted lock held."""
        ref = FunctionRef(path, item.start, item.name)
        if not self._takes(ref):
            return False
        summary = self._alone.summary(ref, Facts())
        return any(held.lock.name in self._wanted for each in summary.exits for held in each.taken)

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
