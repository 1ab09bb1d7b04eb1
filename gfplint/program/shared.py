"""Files split and definitions lowered by one process of a run, for all its processes.

A run on many files lets go of what it has read whenever that becomes too much, and goes over the same files
again for each question: each was split three times, and each function lowered twice, at a fifth of the time
of the whole run. What a file or a definition rests on (:mod:`gfplint.kernel.trace`) comes along with it.
"""

from __future__ import annotations

import contextlib
import marshal
import pickle
from typing import TYPE_CHECKING, Any

from gfplint.frontend.source import SourceFile
from gfplint.kernel.scratch import Scratch
from gfplint.kernel.trace import Leaf
from gfplint.program.kept_files import packed, unpacked

if TYPE_CHECKING:
    from gfplint.kernel.tree import KernelTree


class Shared:
    """What the processes of one run have read of one tree."""

    def __init__(self, tree: KernelTree, scratch: Scratch) -> None:
        self._tree = tree
        self._scratch = scratch

    def file(self, path: str) -> tuple[SourceFile, list[Leaf]] | None:
        """A file that some process has split, and what its splitting rests on."""
        found = self._get(f"file {path}")
        if found is None:
            return None
        content, known, leaves = found
        if content is not None:
            self._tree.consulted.note_read(path, content)
        return unpacked(path, known, b""), leaves

    def keep_file(self, path: str, file: SourceFile, node: int) -> None:
        """Keep a file whose splitting is this node of the trace."""
        content = self._tree.consulted.reads.get(path)
        self._put(f"file {path}", (content, packed(file, True), self._leaves(node)))

    def answer(self, question: str) -> tuple[Any, list[Leaf]] | None:
        """What some process has answered to a question, and what its answer rests on. A question begins with
        what it is about, which isn't ``file``.
        """
        found = self._get(question)
        return (pickle.loads(found[0]), found[1]) if found is not None else None

    def keep_answer(self, question: str, answer: object, node: int) -> None:
        """Keep an answer that is this node of the trace."""
        try:
            known = pickle.dumps(answer, 5)
        except RecursionError:  # expressions in expressions: it is worked out again, to the same depth
            return
        self._put(question, (known, self._leaves(node)))

    def _leaves(self, node: int) -> list[Leaf]:
        return self._tree.trace.leaves(node) if self._tree.trace.on else []

    def _get(self, question: str) -> tuple[Any, ...] | None:
        data = self._scratch.get(_key(question))
        known: tuple[Any, ...] | None = marshal.loads(data) if data is not None else None
        return known

    def _put(self, question: str, known: tuple[Any, ...]) -> None:
        with contextlib.suppress(ValueError):  # a note in the books
            self._scratch.put(_key(question), marshal.dumps(known, 4))


def _key(question: str) -> bytes:
    return question.encode("utf-8", "surrogateescape")
