"""One tree in the editor: its open files, what is published about them, and what to do next.

All open files of a tree are checked together, because what is saved in one of them can make or mend a finding
in another. A save outdates a check that is under way, which is then stopped; opening a file does not. The
check that takes its place runs to its end, whatever is saved meanwhile, and another follows: somebody who
saves more often than a check takes sees findings all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from gfplint.answers import Answer
from gfplint.findings import Report
from gfplint.lsp.process import Interrupted, Worker
from gfplint.lsp.worker import Failure, Progress, Question, Result

_PAUSE = 0.05
"""Seconds before a check starts, so that an editor that opens several files at once asks one question."""
_PATIENCE = 0.5
"""Seconds that a check may take before progress is shown."""


class Bar(Protocol):
    """Progress as the editor shows it."""

    def report(self, stage: str, done: int, total: int) -> None:
        """Work of a stage stands at ``done`` of ``total``."""

    async def end(self) -> None:
        """Take it away."""


class Front(Protocol):
    """What a tree needs of the server."""

    arguments: tuple[str, ...]

    def publish(
        self, report: Report, documents: dict[Path, str], closed: set[Path], before: set[str]
    ) -> set[str]:
        """Show a report's findings; the addresses that something is shown for now.

        ``documents`` are the open ones by path, ``closed`` those that were closed meanwhile. What is shown
        for addresses in ``before`` is replaced or cleared.
        """

    def clear(self, uri: str) -> None:
        """Show nothing for a document any more."""

    def say(self, sentence: str) -> None:
        """Tell the user that something can't be done."""

    def log(self, sentence: str) -> None:
        """Tell those who look into the log."""

    async def bar(self, title: str, cancel: Callable[[], None]) -> Bar | None:
        """Show progress, where the editor can; ``cancel`` is called if the user doesn't want to wait."""


class Tree:
    """One kernel tree, or one folder of C files, with a worker of its own."""

    def __init__(self, root: Path, front: Front) -> None:
        self.root = root
        self._front = front
        self._worker = Worker(root)
        self._documents: dict[Path, str] = {}
        self._published: set[str] = set()
        self._outdated = False
        self._stopped = False
        """Whether a save has stopped the last check."""
        self._task: asyncio.Task[None] | None = None
        self._complaint = ""

    @property
    def in_use(self) -> bool:
        """Whether a file of the tree is open."""
        return bool(self._documents)

    # ------------------------------------------------------------------------------ events

    def opened(self, path: Path, uri: str) -> None:
        """A file is open now, with what is on disk."""
        self._documents[real(path)] = uri
        self._check()

    def saved(self) -> None:
        """A file was saved: what is under way is outdated."""
        if not self._stopped:
            self._stopped = self._worker.interrupt()
        self._check()

    def configured(self) -> None:
        """The settings have changed: what is under way is for nothing."""
        self._worker.interrupt()
        self._check()

    def closed(self, path: Path) -> None:
        """A file isn't open any more, and nothing is shown for it."""
        uri = self._documents.pop(real(path), None)
        if uri is not None:
            self._published.discard(uri)
            self._front.clear(uri)
        if not self._documents:
            self.end()

    def end(self) -> None:
        """Show nothing any more, and stop working."""
        self._outdated = False
        self._worker.stop()
        for uri in sorted(self._published):
            self._front.clear(uri)
        self._published = set()

    def _cancel(self) -> None:
        """The user doesn't want to wait."""
        self._outdated = False
        self._worker.interrupt()

    # ------------------------------------------------------------------------------ checks

    def _check(self) -> None:
        self._outdated = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._checks())

    async def _checks(self) -> None:
        """Check until nothing is outdated."""
        while self._outdated:
            await asyncio.sleep(_PAUSE)
            self._outdated = False
            paths = tuple(path for path in sorted(self._documents) if path.is_file())
            if not paths:
                return
            shown = asyncio.get_running_loop().create_task(self._show())
            began = time.monotonic()
            try:
                reply = await self._worker.ask(
                    Question("check", self._front.arguments, paths),
                    partial(_forward, shown),
                )
            except Interrupted:
                continue
            finally:
                shown.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    bar = await shown
                    if bar is not None:
                        await bar.end()
            self._stopped = False
            self._answered(reply, paths, time.monotonic() - began)

    def _answered(self, reply: Result | Failure, paths: tuple[Path, ...], seconds: float) -> None:
        if isinstance(reply, Failure):
            if reply.sentence != self._complaint:  # the same sentence after every save would be a nuisance
                self._front.say(reply.sentence)
            self._complaint = reply.sentence
            return
        self._complaint = ""
        report: Report = reply.value
        closed = {path for path in paths if path not in self._documents}
        self._published = self._front.publish(report, self._documents, closed, self._published)
        files = "1 file" if len(paths) == 1 else f"{len(paths)} files"
        findings = "1 finding" if len(report.active) == 1 else f"{len(report.active)} findings"
        self._front.log(f"{files} of {self.root} checked in {seconds:.1f} s: {findings}.")

    async def _show(self) -> Bar | None:
        await asyncio.sleep(_PATIENCE)
        return await self._front.bar("gfplint", self._cancel)

    # ------------------------------------------------------------------------------ hovers

    async def hover(self, path: Path, line: int, column: int) -> Answer | None:
        """What is known of a place, as on disk. Waits for a check that is under way, which then helps."""
        question = Question("hover", self._front.arguments, (path,), line, column)
        for _ in range(3):
            try:
                reply = await self._worker.ask(question)
            except Interrupted:  # a save came between
                continue
            if isinstance(reply, Result):
                answer: Answer | None = reply.value
                return answer
            self._front.log(reply.sentence)
            return None
        return None


def _forward(shown: asyncio.Task[Bar | None], stage: Progress) -> None:
    """Pass progress on, once there is a bar."""
    bar = shown.result() if shown.done() and not shown.cancelled() else None
    if bar is not None:
        bar.report(stage.stage, stage.done, stage.total)


def real(path: Path) -> Path:
    """A path without links, by which files are compared."""
    return Path(os.path.realpath(path))
