"""Files split and definitions lowered by one process of a run, for all its processes.

A run on many files lets go of what it has read whenever that becomes too much, and goes over the same files
again for each question: each was split three times, and each function lowered twice, at a fifth of the time
of the whole run. What a file or a definition rests on (:mod:`gfplint.kernel.trace`) comes along with it.
"""

from __future__ import annotations

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
        data = self._scratch.get(_of_file(path))
        if data is None:
            return None
        content, known, leaves = marshal.loads(data)
        if content is not None:
            self._tree.consulted.note_read(path, content)
        return unpacked(path, known, b""), leaves

    def keep_file(self, path: str, file: SourceFile, node: int) -> None:
        """Keep a file whose splitting is this node of the trace."""
        content = self._tree.consulted.reads.get(path)
        self._keep(_of_file(path), (content, packed(file, True), self._leaves(node)))

    def answer(self, question: str) -> tuple[Any, list[Leaf]] | None:
        """What some process has answered to a question, and what its answer rests on."""
        data = self._scratch.get(_of_answer(question))
        if data is None:
            return None
        known, leaves = marshal.loads(data)
        return pickle.loads(known), leaves

    def keep_answer(self, question: str, answer: object, node: int) -> None:
        """Keep an answer that is this node of the trace."""
        try:
            known = pickle.dumps(answer, 5)
        except RecursionError:  # expressions in expressions: it is worked out again, to the same depth
            return
        self._keep(_of_answer(question), (known, self._leaves(node)))

    def _leaves(self, node: int) -> list[Leaf]:
        return self._tree.trace.leaves(node) if self._tree.trace.on else []

    def _keep(self, key: bytes, value: Any) -> None:
        try:
            data = marshal.dumps(value, 4)
        except ValueError:  # a note in the books
            return
        self._scratch.put(key, data)


def _of_file(path: str) -> bytes:
    return b"file " + path.encode("utf-8", "surrogateescape")


def _of_answer(question: str) -> bytes:
    return b"answer " + question.encode("utf-8", "surrogateescape")
