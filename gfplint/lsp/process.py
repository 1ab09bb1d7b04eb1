"""The worker seen from the server: asked, awaited, interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gfplint.lsp import worker
from gfplint.lsp.worker import Failure, Progress, Question, Result

_START = "import sys; sys.path[:] = sys.argv[1:]; from gfplint.lsp.worker import main; main()"
"""Modules come from where the server's come from, and never from the tree that is looked at (``-P``)."""


class Interrupted(Exception):  # noqa: N818 - it isn't an error: somebody asked for it
    """The worker was stopped in the middle of this question, because something newer came up."""


class Worker:
    """One process that answers one question at a time; it is started when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        """Current folder of the process: relative paths in settings start here."""
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._busy = False

    async def ask(
        self, question: Question, progress: Callable[[Progress], None] | None = None
    ) -> Result | Failure:
        """The answer, after those to earlier questions. Raises :class:`Interrupted`.

        To be cancelled costs the answer and not the work: the next question waits for it to end, unless
        :meth:`interrupt` is called.
        """
        async with self._turn:
            work = asyncio.ensure_future(self._ask(question, progress))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                with contextlib.suppress(Interrupted):
                    await work
                raise

    async def _ask(self, question: Question, progress: Callable[[Progress], None] | None) -> Result | Failure:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        self._busy = True
        try:
            process.stdin.write(worker.pack(question))
            await process.stdin.drain()
            while True:
                head = await process.stdout.readexactly(worker.LENGTH.size)
                data = await process.stdout.readexactly(worker.LENGTH.unpack(head)[0])
                message = pickle.loads(data)
                if not isinstance(message, Progress):
                    assert isinstance(message, (Result, Failure))
                    return message
                if progress is not None:
                    progress(message)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            status = await process.wait()
            if self._process is not process:
                raise Interrupted from error
            self._process = None
            return Failure(
                "The analysis ended without an answer "
                f"({f'signal {-status}' if status < 0 else f'exit status {status}'}); "
                "it may have run out of memory. It starts again with the next file saved.",
                internal=True,
            )
        finally:
            self._busy = False

    def interrupt(self) -> bool:
        """Stop what is being worked on: whoever waits for it gets :class:`Interrupted`. False where there is
        nothing to stop.
        """
        busy = self._busy
        if busy:
            self.stop()
        return busy

    def stop(self) -> None:
        """End the process; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-c",
                _START,
                *(os.path.abspath(folder) for folder in sys.path),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=self._folder,
                start_new_session=True,
            )
        return self._process
