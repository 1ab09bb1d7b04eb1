"""The process that analyses one tree for the language server: a loop of questions and answers.

Both ways, a message is four bytes of length (big endian) and a pickle. Pickles are safe here: the two ends
are one program, and the pipes are between them alone. A :class:`Question` comes in; any number of
:class:`Progress`, and then one :class:`Result` or :class:`Failure`, goes out.

Standard output carries the answers, so it is moved away before anything else can print there.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Question:
    """``check`` the paths, or say what ``hover`` finds at a line and column of the first of them.

    ``arguments`` are the command's, without paths.
    """

    kind: str
    arguments: tuple[str, ...]
    paths: tuple[Path, ...]
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Work of a stage stands at ``done`` of ``total``."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Result:
    """The answer: a :class:`gfplint.findings.Report`, or a :class:`gfplint.answers.Answer` or None."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in full sentences. ``internal``: it is gfplint's fault."""

    sentence: str
    internal: bool


def pack(message: object) -> bytes:
    """A message as it is sent."""
    data = pickle.dumps(message)
    return LENGTH.pack(len(data)) + data


def main() -> None:
    """Answer until nobody asks any more. Everything else that would be printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions: queue.SimpleQueue[Question] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, questions), daemon=True).start()

    def send(message: object) -> None:
        answers.write(pack(message))
        answers.flush()

    from gfplint.api import Session

    session = Session()
    while True:
        send(answer(session, questions.get(), lambda *stage: send(Progress(*stage))))


def answer(session: Any, question: Question, progress: Callable[[str, int, int], None]) -> Result | Failure:
    """The answer to one question; whatever goes wrong is an answer too."""
    from gfplint.errors import GfplintError

    try:
        from gfplint.lsp.settings import options

        wanted = replace(options(question.arguments, question.paths), progress=progress)
        if question.kind == "check":
            return Result(session.check(wanted))
        return Result(session.what_is_at(wanted, question.paths[0], question.line, question.column))
    except GfplintError as error:
        return Failure(str(error), internal=False)
    except Exception as error:
        from gfplint.command import failure

        if os.environ.get("GFPLINT_DEBUG"):
            import traceback

            traceback.print_exc(file=sys.stderr)
        session.forget()
        return Failure(failure.internal(error), internal=True)


def _read(stream: BinaryIO, questions: queue.SimpleQueue[Question]) -> None:
    """Read on while work is under way, so that the end of the server is noticed and ends this process too,
    with the children that the analysis may have.
    """
    while True:
        head = stream.read(LENGTH.size)
        data = stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
        if not data:
            if os.getpgid(0) == os.getpid():
                os.killpg(0, signal.SIGKILL)
            os._exit(0)
        questions.put(pickle.loads(data))
