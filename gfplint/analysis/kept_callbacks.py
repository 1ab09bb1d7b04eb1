"""The first phase of an earlier run: what callbacks of reclaim wait for doesn't depend on what is checked.

So a build that checks one file after the other, or a person who looks at one driver after the other, follows
the callbacks once. Kept are the answers and the books, as they come from another process: a report that rests
on them is equal to one that doesn't.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from gfplint.analysis.callbacks import Answer
from gfplint.analysis.evaluate import Limits
from gfplint.analysis.phases import Phases
from gfplint.analysis.work import Books
from gfplint.kernel.tree import KernelTree

if TYPE_CHECKING:
    from gfplint.api import CheckOptions
    from gfplint.cache.kept import Kept


class KeptCallbacks:
    """The answers about the callbacks of some contexts in one tree, if the tree has a store.

    Made before the callbacks are followed, within ``limits``; ``contexts`` are the contexts' ids.
    """

    def __init__(
        self,
        options: CheckOptions,
        tree: KernelTree,
        phases: Phases,
        contexts: tuple[str, ...],
        limits: Limits,
    ) -> None:
        self._phases = phases
        self._kept: Kept | None = None
        before = phases.work.books()
        self._notes = set(before.notes)
        # A debugging run raises what another one notes. What was looked into before would be kept as well.
        fresh = not before.account.evaluated and not before.account.files
        if tree.store is None or not fresh or os.environ.get("GFPLINT_DEBUG"):
            return
        from gfplint.cache.kept import Kept, content

        self._kept = Kept(tree, "callbacks", options.rules_dirs)
        self._seen: list[object] = [contexts, tree.arch, content(options.kconfig), limits]

    def load(self) -> list[Answer] | None:
        """The answers of an earlier run, None where there is none; its books are added to this one's."""
        known = self._kept.load(self._seen) if self._kept is not None else None
        if known is None:
            return None
        answers: list[Answer]
        books: Books
        answers, books = known
        self._phases.work.add(books)
        return answers

    def save(self, answers: list[Answer]) -> None:
        """Keep the answers, and what was read and understood since this was made."""
        if self._kept is not None:
            books = self._phases.work.books()
            anchors = self._phases.work.kept.anchors
            if anchors is not None:
                books = replace(books, anchors=anchors.dumps(answers)[1])
            self._kept.save(self._seen, (answers, replace(books, notes=books.notes - self._notes)))
