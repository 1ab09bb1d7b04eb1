"""Which callbacks of reclaim matter to a few files: those that may wait for a lock that the files hold.

Following all callbacks of a tree costs twice as much as all else together. A driver holds a few locks, most
of them its own, and no callback but its own and its neighbours' can get to those. So the locks are found
first (:mod:`~gfplint.analysis.holdable`), and from them the ways back to callbacks
(:mod:`~gfplint.analysis.ways_back`). Where these get too many, all callbacks are followed. Both answers are
supersets, and the run makes sure: a lock that it finds held all the same is added, and all begins again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from gfplint.analysis.callbacks import Answer
from gfplint.analysis.candidates import mentioned
from gfplint.analysis.evaluate import Evaluator
from gfplint.analysis.holdable import Elsewhere, Holdable
from gfplint.analysis.summary import LockClass
from gfplint.analysis.ways_back import WaysBack
from gfplint.analysis.work import folder_of, together_by_folder
from gfplint.kernel.search import STORED
from gfplint.program.kept import KeptWork, Key
from gfplint.program.registrations import Registered

MOST_FILES = 200
"""Files of a run up to which it pays to ask."""
LEAST_CALLBACKS = 30
"""Callbacks from which on it does: asking costs about as much as following so many."""
_THROUGH = re.compile(rb"(?:->|\.)(\w+)[ \t]*\(")
"""A call through a field."""
_TABLE = re.compile(rb"\nstatic (?:const )?struct (\w+) \w+ = \{")
_INITIALISED = re.compile(rb"\.(\w+)[ \t]*=")


class Relevant:
    """Decides for the files of one run."""

    def __init__(self, evaluator: Evaluator, files: Sequence[str], more: Iterable[LockClass] = ()) -> None:
        """``more``: locks that the files hold, as is known from elsewhere."""
        self._kept: KeptWork | None = None
        self._evaluator = evaluator
        self._files = files
        self._more = list(more)
        self._folders = frozenset(folder_of(path) for path in files)
        self._registered: list[Registered] = []
        self._locks: dict[str, LockClass] = {}
        self._waiting: set[Registered] | None = None
        self._asked = False
        self.left_out = 0
        """Callbacks that weren't followed."""

    @property
    def follows_all(self) -> bool:
        """Whether any callback may matter."""
        return self._waiting is None

    @property
    def few_files(self) -> bool:
        """Whether the files are so few that it may pay to ask."""
        return len(self._files) <= MOST_FILES

    def narrows(self, callbacks: int) -> bool:
        """Whether it pays to ask, with so many callbacks, or files that register some. What earlier runs have
        kept has no say: it must not show in a report.
        """
        return callbacks >= LEAST_CALLBACKS and self.few_files

    def asking(self, kept: KeptWork) -> list[Callable[[], list[LockClass]]]:
        """What finds the locks that the files may hold, folder by folder: :meth:`hold` takes the answers.

        Nobody needs to know the callbacks for that. Empty when it was asked before.
        """
        if self._asked:
            return []
        self._asked = True
        holdable = Holdable(self._evaluator)
        called = [holdable.called(path) for path in self._files]
        known = kept.load([_called_locks(names) for names in called])
        missing: list[tuple[str, list[str], Elsewhere | None]] = []
        for path, names, elsewhere in zip(self._files, called, known, strict=True):
            locks = kept.load([_held_locks(path, elsewhere)])[0] if elsewhere is not None else None
            if locks is not None:
                self.hold(locks)
            else:
                missing.append((path, names, elsewhere))

        def find(files: list[tuple[str, list[str], Elsewhere | None]]) -> list[LockClass]:
            found: list[LockClass] = []
            for path, names, elsewhere in files:
                locks = None
                if elsewhere is None:
                    elsewhere = kept.work(_called_locks(names), partial(holdable.elsewhere, names))
                    (locks,) = kept.load([_held_locks(path, elsewhere)])
                if locks is None:
                    locks = kept.work(
                        _held_locks(path, elsewhere), partial(holdable.classes, path, elsewhere)
                    )
                found += locks
            return found

        return [partial(find, each) for each in together_by_folder(missing, lambda each: each[0])]

    def hold(self, locks: Iterable[LockClass]) -> None:
        """The files may hold these locks."""
        self._locks.update((lock.name, lock) for lock in locks)

    def expected(self) -> list[str]:
        """The words that will be searched for first. Nobody may rest on that."""
        program = self._evaluator.program
        outer = program.tree.trace.enter()
        texts = [program.text(path) for path in self._files]
        program.tree.trace.leave(outer)
        # Where a table of the files has a function in a field, that one is called.
        fields = {field for text in texts for field in _THROUGH.findall(text)} - {
            field for text in texts for field in _INITIALISED.findall(text)
        }
        words = WaysBack(self._evaluator, ()).expected(self._sorted_locks())
        # What has such a type may be asked for when it is known which files have the type's name.
        words |= {tag.decode() for text in texts for tag in _TABLE.findall(text)}
        return [*sorted(words), *(STORED + field.decode() for field in sorted(fields))]

    def choose(self, registered: list[Registered], kept: KeptWork) -> None:
        """Find out which of all callbacks matter, once it is known what the files :meth:`hold`."""
        self._registered, self._kept = registered, kept
        self.hold(self._more)
        self._look()

    def _sorted_locks(self) -> list[LockClass]:
        return [self._locks[name] for name in sorted(self._locks)]

    def _look(self) -> None:
        assert self._kept is not None
        locks = self._sorted_locks()
        ways = WaysBack(self._evaluator, self._registered, self._kept)
        key: Key = ("ways back", locks, self._kept.relative(self._registered))
        known = self._kept.load([key], ways.fact)[0]
        if known is None:
            known = self._kept.work(key, lambda: (ways.waiting(locks),), facts=ways.fact)
        self._waiting = set(known[0]) if known[0] is not None else None

    def may_matter(self, unit: Iterable[Registered]) -> bool:
        """Whether a callback may wait for one of the locks. Those beside the files always matter: a thread in
        their files may stand between.
        """
        return any(
            self._waiting is None or each in self._waiting or folder_of(each.callback.path) in self._folders
            for each in unit
        )

    def learn(self, answers: Iterable[Answer]) -> None:
        """What callbacks beside the files wait for, and the files mention, counts as held by them."""
        program = self._evaluator.program
        fresh: dict[str, LockClass] = {}
        for answer in answers:
            if folder_of(answer.registered.callback.path) in self._folders:
                for each in answer.awaited:
                    lock = each.lock
                    if (
                        lock.name not in self._locks
                        and lock.word
                        and mentioned(program, self._files, {lock.word})
                    ):
                        fresh[lock.name] = lock
        if fresh and self._waiting is not None:
            self._locks.update(fresh)
            self._look()

    def overlooked(self, held: Iterable[LockClass]) -> list[LockClass]:
        """All locks that matter, where one of those ``held`` is a new one and callbacks were left out; else
        none.
        """
        if not self.left_out:
            return []
        new = {lock.name: lock for lock in held if lock.name not in self._locks}
        known = self._locks | new
        return [known[name] for name in sorted(known)] if new else []


def _called_locks(names: list[str]) -> Key:
    return "called locks", names


def _held_locks(path: str, elsewhere: Elsewhere) -> Key:
    return "holdable", path, elsewhere
