"""Scopes that are entered and not left, or left with the wrong cookie, in the functions of some paths.

Candidates are found by text: functions that mention one of the API models about scopes, or a wrapper of one.
Each is walked by itself first, its callees left out; only where something is found is it walked again with
all that its callees do and return, and only what is found then too counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from gfplint import ir
from gfplint.analysis.candidates import MANY_FILES, mentioned
from gfplint.analysis.evaluate import Evaluator, Limits, _Active
from gfplint.analysis.scope_state import Entry, Problem
from gfplint.analysis.scope_walk import ScopeWalk, Wrapper
from gfplint.analysis.scopes import TASK_FLAGS
from gfplint.analysis.summary import Facts, Summary
from gfplint.analysis.work import Work, by_folder, folder_of
from gfplint.findings import Finding
from gfplint.frontend.source import Item, ItemKind
from gfplint.kernel.words import any_of
from gfplint.program.kept import Key
from gfplint.program.program import FunctionRef

_Result = TypeVar("_Result")
_WRAPPER_ROUNDS = 2
_BY_HAND = re.compile(
    rb"\bcurrent\s*->\s*flags\s*\|=[^;]*\b(?:" + b"|".join(map(str.encode, TASK_FLAGS)) + rb")\b"
)


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

    def __init__(self, evaluator: Evaluator, files: Iterable[str], work: Work) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._files = sorted(files)
        self._work = work
        self._alone = Evaluator(evaluator.program, Limits(depth=1), evaluator)
        self._scoping = frozenset(evaluator.program.models.scoping())
        self._wrappers: dict[FunctionRef, Wrapper] = {}
        self._macros: set[str] = set()

    def find(self, what: str, explain: Callable[[Unbalanced], Finding]) -> list[Finding]:
        """Everything that is wrong, explained, in source order; ``what`` says what ``explain`` goes by."""
        self._find_wrappers()
        words = {*self._scoping, *self._macros, *(ref.name for ref in self._wrappers)}
        named, units = self._mentioning(self._files, words, by_hand=True)
        pattern = any_of(words)

        def key(files: list[str]) -> Key:
            return "scopes", what, self._inputs(files, named)

        def work(files: list[str]) -> list[Finding]:
            self._begin(("scopes", files))
            return [
                explain(each)
                for path in files
                for item in self._items(path, pattern, by_hand=True)
                if item.kind is ItemKind.FUNCTION
                for each in self._look_into(FunctionRef(path, item.start, item.name))
            ]

        return [finding for unit in self._answers(units, key, work) for finding in unit]

    def _answers(
        self, units: list[list[str]], key: Callable[[list[str]], Key], work: Callable[[list[str]], _Result]
    ) -> list[_Result]:
        return self._work.answers(units, key, work, jobs=None if len(self._files) > MANY_FILES else 1)

    def _begin(self, unit: object) -> None:
        self._evaluator.begin(unit)
        self._alone.begin(unit)

    def _inputs(self, files: list[str], named: dict[str, set[str]]) -> object:
        """What is known of wrappers, as far as it can matter to these files."""
        words = {word for path in files for word in named[path]}
        wrappers = sorted(
            (ref, wrapper)
            for ref, wrapper in self._wrappers.items()
            if ref.name in words or not words.isdisjoint(self._macros)
        )
        return [(path, sorted(named[path])) for path in files], self._work.kept.relative(wrappers)

    def _mentioning(
        self, files: list[str], words: set[str], *, by_hand: bool = False
    ) -> tuple[dict[str, set[str]], list[list[str]]]:
        """Those of the files that mention one of the words, with what they mention, and by folder."""
        if by_hand:
            words = {*words, *TASK_FLAGS}
        named = mentioned(self._program, files, words)
        return named, by_folder(path for path in files if path in named)

    def _items(self, path: str, pattern: re.Pattern[bytes], *, by_hand: bool = False) -> Iterator[Item]:
        """The functions and macros of a file that match the pattern, and functions that enter a scope by
        hand.
        """
        file = self._program.source(path)
        for item in self._program.items(path, ItemKind.FUNCTION, ItemKind.MACRO):
            if file is not None and (
                pattern.search(file.text, item.start, item.end)
                or (by_hand and _BY_HAND.search(file.text, item.start, item.end))
            ):
                yield item

    # ----------------------------------------------------------------------------- wrappers

    def _find_wrappers(self) -> None:
        """Functions of the paths, and of headers beside them, that return a cookie or restore a parameter."""
        homes = sorted({*self._files, *self._headers()})
        words = set(self._scoping)
        if len(homes) > MANY_FILES:
            self._program.tree.index.expect(TASK_FLAGS)  # asked for when the wrappers are known
        for number in range(_WRAPPER_ROUNDS):
            named, units = self._mentioning(homes, words)
            pattern = any_of(words)

            def key(files: list[str], number: int = number, named: dict[str, set[str]] = named) -> Key:
                return "scope wrappers", number, self._inputs(files, named)

            def work(
                files: list[str], pattern: re.Pattern[bytes] = pattern
            ) -> tuple[dict[FunctionRef, Wrapper], set[str]]:
                self._begin(("scope wrappers", files))
                found: dict[FunctionRef, Wrapper] = {}
                macros: set[str] = set()
                for path in files:
                    for item in self._items(path, pattern):
                        ref = FunctionRef(path, item.start, item.name)
                        if item.kind is ItemKind.MACRO:
                            macros.add(item.name)
                        elif ref not in self._wrappers and item.name not in self._scoping:
                            walk = self._walk(ref, follow=False)
                            wrapper = walk.wrapper() if walk is not None else Wrapper()
                            if wrapper != Wrapper():
                                found[ref] = wrapper
                return found, macros

            fresh: dict[FunctionRef, Wrapper] = {}
            macros: set[str] = set()
            for found, inside in self._answers(units, key, work):
                fresh.update(found)
                macros |= inside
            words = ({ref.name for ref in fresh} | macros) - words
            self._wrappers.update(fresh)
            self._macros |= macros
            if not words:
                break

    def _headers(self) -> Iterator[str]:
        for folder in sorted({folder_of(path) for path in self._files}):
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
