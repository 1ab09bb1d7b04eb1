"""A progress bar on a terminal, for runs that take longer than a glance."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 1.0
"""Seconds that a run may take without anything being shown."""


class ProgressBar:
    """Called as ``bar(stage, done, total)``; silent in short runs and where standard error is no terminal.

    rich is imported only when there is something to show, and the bar is wiped out at the end of the
    ``with``.
    """

    def __init__(self) -> None:
        stderr = sys.stderr
        self._wanted = stderr is not None and stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._start = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Work of the given stage stands at `done` of `total`; a `total` of 0 means that nobody knows."""
        if not self._wanted or (self._progress is None and time.monotonic() - self._start < PATIENCE):
            return
        if self._progress is None:
            self._show()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=stage, completed=done, total=total or None)

    def _show(self) -> None:
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        except ImportError:  # a bar is no reason to fail
            self._wanted = False
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._progress.start()
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # After an interrupt the analysis may still be running on its thread, and go on calling.
        self._wanted = False
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
