"""The library behind every front: the command, editors and tests call these functions."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gfplint import ending
from gfplint.errors import UsageError
from gfplint.findings import CallbackLocks, Confidence, Report

if TYPE_CHECKING:
    from gfplint.analysis.run import Run
    from gfplint.answers import Answer
    from gfplint.changes import Changes
    from gfplint.kernel.tree import KernelTree
    from gfplint.models import Models
    from gfplint.rules import Rules

_T = TypeVar("_T")
_STACK_BYTES = 512 << 20
"""Deep call chains are walked by recursion; the main thread's stack is too small for that."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to analyse and how. ``paths`` exist, but for the ``:FUNCTION`` that :func:`dump` allows behind
    one; ``select`` None means all rules; ``progress`` is called with (what, done, total). With ``changes``
    only findings that they touch are reported; with ``reach`` too, ``paths`` are no more than the changed
    files, and what is analysed is whatever the changes can be seen from.

    ``cache`` is the folder in which answers are kept for the next run, None for nowhere; ``warn`` is told, in
    one sentence, why that folder is of no use.
    """

    paths: tuple[Path, ...]
    kernel: Path | None = None
    kconfig: Path | None = None
    arch: str = "x86"
    jobs: int = 1
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    min_confidence: Confidence = Confidence.MEDIUM
    rules_dirs: tuple[Path, ...] = ()
    progress: Callable[[str, int, int], None] | None = None
    baseline: Path | None = None
    """An older SARIF log of gfplint's, which says what is new."""
    changes: Changes | None = None
    reach: bool = False
    cache: Path | None = None
    warn: Callable[[str], None] | None = None


def check(options: CheckOptions) -> Report:
    """Apply the rules to the paths. Raises :class:`gfplint.errors.GfplintError` where that is impossible."""
    if options.baseline is None:
        return _check(options)[0]
    from gfplint.baseline import Baseline

    baseline = Baseline.read(options.baseline)  # before any work: it may be broken
    report, rules = _check(options)
    # With a change, what it doesn't touch wasn't looked for, and isn't gone.
    return baseline.compare(report, rules if options.changes is None else [], options.min_confidence)


def _check(options: CheckOptions) -> tuple[Report, list[str]]:
    """The report, whatever the baseline, and the ids of the rules applied."""
    with open_tree(options) as tree:
        loaded: list[tuple[Rules, Models]] = []
        tree.look(options.paths, lambda: loaded.append(_load(options, tree)))
        return _known(options, tree, lambda: _analysed(options, tree, *loaded))


def _load(options: CheckOptions, tree: KernelTree) -> tuple[Rules, Models]:
    """Import what every analysis needs, and read the rules."""
    import gfplint.cache.units
    import gfplint.program.kept_files  # noqa: F401
    from gfplint.analysis.run import load

    return load(options, tree.version)


def _known(
    options: CheckOptions, tree: KernelTree, analysed: Callable[[], tuple[Report, list[str]]]
) -> tuple[Report, list[str]]:
    """Report and rules of an earlier run, where the tree has a store and nothing changed, or what
    ``analysed`` finds.
    """
    if tree.store is None:
        return analysed()
    from gfplint.cache.reports import Reports

    reports = Reports(options, tree)
    known = reports.load()
    if known is None:
        known = analysed()
        reports.save(*known)
    return known


def _analysed(
    options: CheckOptions, tree: KernelTree, loaded: tuple[Rules, Models] | None = None
) -> tuple[Report, list[str]]:
    from gfplint.analysis.run import Run

    run = _deep(lambda: Run(options, tree, loaded))
    ending.keep(run)
    return _deep(run.check), [rule.id for rule in run.selected()]


def show_locks(options: CheckOptions) -> list[CallbackLocks]:
    """Every callback of reclaim in the tree and the locks that it waits for."""
    from gfplint.analysis.evaluate import Limits
    from gfplint.analysis.run import Run

    with open_tree(options) as tree:
        return _deep(lambda: Run(options, tree, limits=Limits()).show_locks())


def dump(stage: str, options: CheckOptions) -> str:
    """What one stage (``ir``, ``calls``, ``locks``, ``masks``) sees in the paths."""
    from gfplint.analysis.dump import STAGES, dump_stage

    if stage not in STAGES:
        raise UsageError(f"There is no stage {stage!r}; the stages are {', '.join(sorted(STAGES))}.")
    return _deep(lambda: dump_stage(stage, options))


class Session:
    """A tree that is asked one question after another, as an editor does.

    What a question made gfplint read is kept for the next one, until one of the files read has another size
    or time of change, :meth:`forget` is called, or the options differ in more than the paths. A check always
    starts afresh. Not to be used from two threads at once.
    """

    def __init__(self) -> None:
        self._run: Run | None = None
        self._read: dict[str, tuple[int, int] | None] = {}

    def check(self, options: CheckOptions) -> Report:
        """As :func:`check`, whatever the baseline."""
        self.forget()
        run = self._opened(options)
        rules = [rule.id for rule in run.selected()]
        report, _ = _known(options, run.tree, lambda: (_deep(run.check), rules))
        self._read_by(run)
        return report

    def what_is_at(self, options: CheckOptions, path: Path, line: int, column: int) -> Answer | None:
        """The lock or mask at a place of a file, and what is known of it; None where there is neither.

        ``line`` and ``column`` count from 1, a column is a character. Raises
        :class:`gfplint.errors.GfplintError` where the file is outside of the tree.
        """
        from gfplint.analysis.inspect import what_is_at

        run = self._opened(options)
        answer = _deep(lambda: what_is_at(run, run.tree.relative(path), line, column))
        self._read_by(run)
        return answer

    def forget(self) -> None:
        """Files have changed: the next question reads them again."""
        self._run = None
        self._read = {}

    def _opened(self, options: CheckOptions) -> Run:
        from gfplint.analysis.run import Run

        known = self._run
        if known is not None and self._unchanged(known):
            same = replace(known.options, paths=options.paths, progress=options.progress)
            if same == options:
                known.options = replace(known.options, progress=options.progress)
                return known
        self._read = {}
        with open_tree(options) as tree:
            self._run = Run(options, tree)
        return self._run

    def _read_by(self, run: Run) -> None:
        """A question was answered: note the files, and give what is to be kept to those who come next."""
        if run.tree.store is not None:
            run.tree.store.close()  # opens again with the next question
        for path in run.program.paths_read:
            if path not in self._read:
                self._read[path] = _signature(run.tree.root / path)

    def _unchanged(self, run: Run) -> bool:
        return all(_signature(run.tree.root / path) == known for path, known in self._read.items())


def _signature(path: Path) -> tuple[int, int] | None:
    """Size and time of change of a file, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def clear_cache(folder: Path, warn: Callable[[str], None] | None = None) -> None:
    """Remove all that earlier runs, of whatever version, have left in a cache folder."""
    from gfplint.cache.store import Store

    Store(folder, b"", warn).clear()


@contextmanager
def open_tree(options: CheckOptions) -> Iterator[KernelTree]:
    """The tree around the paths, with the cache that the options name; what is in it is kept at the end."""
    from gfplint.kernel.tree import KernelTree

    if not options.paths:
        raise UsageError("Name at least one file or folder to analyse.")
    store = None
    if options.cache is not None:
        from gfplint.cache import identity
        from gfplint.cache.store import Store

        store = Store(options.cache, identity.code(), options.warn)
    try:
        yield KernelTree.discover(
            *options.paths,
            kernel=options.kernel,
            kconfig=options.kconfig,
            arch=options.arch,
            jobs=options.jobs,
            store=store,
        )
    finally:
        if store is not None:
            store.close()


def _with_room(work: Callable[[], _T]) -> _T:
    """Run ``work`` with room for the frames of all that it calls.

    Since Python 3.11 frames lie in chunks of 16 KB. One that no longer fits makes the interpreter map one,
    and its return unmap it: a loop that calls functions from just below the end of a chunk is 200 times as
    slow. This function's own frame says to need `_FRAME_SLOTS`, and the chunk made for it has as much left.
    """
    return work()


_FRAME_SLOTS = (1 << 18) + 1
"""Of 8 bytes: a chunk's size is a power of two, so nearly half of 4 MB is for the frames that follow. What
nobody touches takes no memory.
"""
_with_room.__code__ = _with_room.__code__.replace(co_stacksize=_FRAME_SLOTS)


def _deep(work: Callable[[], _T]) -> _T:
    """Run ``work`` on a thread with a large stack, and hand on what it returns or raises.

    Meanwhile nobody looks for reference cycles. An analysis makes millions of objects and hardly a cycle, and
    looking took a fifth of its time; ``Evaluator.forget`` has it done where there is something to be found.
    """
    results: list[_T] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(_with_room(work))
        except BaseException as error:  # handed on below, on the caller's thread
            errors.append(error)

    limit, size, collecting = sys.getrecursionlimit(), threading.stack_size(), gc.isenabled()
    gc.disable()
    sys.setrecursionlimit(max(limit, 60_000))
    threading.stack_size(_STACK_BYTES)
    try:
        thread = threading.Thread(target=target, name="gfplint", daemon=True)
        thread.start()
    finally:
        threading.stack_size(size)
    try:
        while thread.is_alive():
            thread.join(0.2)  # so that an interrupt reaches the caller
    finally:
        if not thread.is_alive():
            sys.setrecursionlimit(limit)
        if collecting and not ending.soon:  # the first thing it does is to look at millions of objects
            gc.enable()
    if errors:
        raise errors[0]
    return results[0]
