"""Scopes that are entered and not left, or left with the wrong cookie, in the functions of some paths.

Candidates are found by text: functions that mention one of the API models about scopes, or a wrapper of one.
Each is walked by itself first, its callees left out; only where something is found is it walked again with
all that its callees do and return, and only what is found then too counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gfplint import ir
from gfplint.analysis.candidates import any_of
from gfplint.analysis.evaluate import Evaluator, Limits, _Active
from gfplint.analysis.scope_state import Entry, Problem
from gfplint.analysis.scope_walk import ScopeWalk, Wrapper
from gfplint.analysis.summary import Facts, Summary
from gfplint.errors import SourceError
from gfplint.frontend.source import Item, ItemKind
from gfplint.program.program import FunctionRef

_WRAPPER_ROUNDS = 2
_BY_HAND = re.compile(rb"\bcurrent\s*->\s*flags\s*\|=[^;]*\bPF_MEMALLOC")


@dataclass(frozen=True, slots=True)
class Unbalanced:
    """Problems of one save (or, where none is at fault, of one restore) in a function: the first is the one
    to show, the others are further ways out with the same scope open.
    """

    ref: FunctionRef
    fn: ir.Function
    entry: Entry | None
    other: Entry | None
    restored: bool
    """Whether another path of the function does restore it."""
    problems: tuple[Problem, ...]
    saves: tuple[int, ...]
    """The blocks of the function that enter a scope."""
    restores: tuple[int, ...]
    """Those that leave one."""


class Scopes:
    """Searches the functions of some paths."""

    def __init__(self, evaluator: Evaluator, files: Iterable[str]) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._files = sorted(files)
        self._alone = Evaluator(evaluator.program, Limits(depth=1), evaluator)
        self._scoping = frozenset(evaluator.program.models.scoping())
        self._wrappers: dict[FunctionRef, Wrapper] = {}
        self._macros: set[str] = set()

    def find(self) -> list[Unbalanced]:
        """Everything that is wrong, in source order."""
        self._find_wrappers()
        found: list[Unbalanced] = []
        pattern = any_of({*self._scoping, *self._macros, *(ref.name for ref in self._wrappers)})
        for path, item in self._mentioning(self._files, pattern, by_hand=True):
            found.extend(self._look_into(FunctionRef(path, item.start, item.name)))
        return found

    def _mentioning(
        self,
        files: Iterable[str],
        pattern: re.Pattern[bytes],
        *,
        by_hand: bool = False,
        macros: set[str] | None = None,
    ) -> Iterator[tuple[str, Item]]:
        """The functions of these files that mention a word, and those that enter a scope by hand. The names
        of macros that mention one are added to ``macros``.
        """
        for path in files:
            try:
                data = self._program.tree.read(path)
            except SourceError:  # counted where the file is opened in earnest
                continue
            hand = by_hand and _BY_HAND.search(data) is not None
            if not hand and pattern.search(data) is None:
                continue
            file = self._program.source(path)
            if file is None:
                continue
            for item in self._program.items(path, ItemKind.FUNCTION, ItemKind.MACRO):
                if item.kind is ItemKind.MACRO:
                    if macros is not None and pattern.search(file.text, item.start, item.end):
                        macros.add(item.name)
                    continue
                named = pattern.search(file.text, item.start, item.end)
                if named or (hand and _BY_HAND.search(file.text, item.start, item.end)):
                    yield path, item

    # ----------------------------------------------------------------------------- wrappers

    def _find_wrappers(self) -> None:
        """Functions of the paths, and of headers beside them, that return a cookie or restore a parameter."""
        homes = sorted({*self._files, *self._headers()})
        words = set(self._scoping)
        for _ in range(_WRAPPER_ROUNDS):
            fresh: dict[FunctionRef, Wrapper] = {}
            macros: set[str] = set()
            for path, item in self._mentioning(homes, any_of(words), macros=macros):
                ref = FunctionRef(path, item.start, item.name)
                if ref in self._wrappers or item.name in self._scoping:
                    continue
                walk = self._walk(ref, follow=False)
                wrapper = walk.wrapper() if walk is not None else Wrapper()
                if wrapper != Wrapper():
                    fresh[ref] = wrapper
            words = ({ref.name for ref in fresh} | macros) - words
            self._wrappers.update(fresh)
            self._macros |= macros
            if not words:
                break

    def _headers(self) -> Iterator[str]:
        for folder in sorted({path.rpartition("/")[0] for path in self._files}):
            yield from self._program.tree.headers_in(folder)

    # -------------------------------------------------------------------------------- walks

    def _walk(self, ref: FunctionRef, *, follow: bool) -> ScopeWalk | None:
        fn = self._program.function(ref)
        if fn is None:
            return None
        evaluator = self._evaluator if follow else self._alone
        # As if the function were being evaluated: its calls are answered from where it stands.
        evaluator._stack.append(_Active(ref, Facts(), Summary(ref), 0))
        evaluator.home = ref.path.rpartition("/")[0]
        try:
            walk = ScopeWalk(evaluator, fn, self._scoping, self._wrappers, follow=follow)
            walk.walk(ref)
        finally:
            evaluator._stack.pop()
        return walk

    def _look_into(self, ref: FunctionRef) -> list[Unbalanced]:
        walk = self._walk(ref, follow=False)
        if walk is None or not _wrong(walk):
            return []
        suspected = {(each.kind, each.at) for each in _wrong(walk)}
        if any(each.entry < 0 or walk.entries[each.entry].kept for each in _wrong(walk)):
            walk = self._walk(ref, follow=True)
            if walk is None:
                return []
        groups: dict[tuple[str, int, int], list[Problem]] = {}
        for problem in _wrong(walk):
            if (problem.kind, problem.at) in suspected:
                is_open = problem.kind in ("left-open", "entered-again")
                key = (
                    ("left-open", problem.entry, -1) if is_open else (problem.kind, problem.entry, problem.at)
                )
                groups.setdefault(key, []).append(problem)
        return [_unbalanced(ref, walk, problems) for _, problems in sorted(groups.items())]


def _wrong(walk: ScopeWalk) -> list[Problem]:
    """The problems of a walk. What was set by hand and is put back nowhere in the function is meant to stay
    for its caller to undo, and so is the scope of a function that returns a cookie.
    """
    return [
        each
        for each in walk.problems.values()
        if each.entry < 0 or walk.entries[each.entry].call or each.entry in walk.closed
    ]


def _unbalanced(ref: FunctionRef, walk: ScopeWalk, problems: list[Problem]) -> Unbalanced:
    problems.sort(key=lambda each: (each.kind != "left-open", each.joined, _length(each), each.at))
    first = problems[0]
    return Unbalanced(
        ref,
        walk.fn,
        walk.entries[first.entry] if first.entry >= 0 else None,
        walk.entries[first.other] if first.other >= 0 else None,
        first.entry in walk.closed,
        tuple(problems),
        tuple(walk.saves),
        tuple(walk.restores),
    )


def _length(problem: Problem) -> int:
    return len(problem.trace.steps()) if problem.trace is not None else 0
