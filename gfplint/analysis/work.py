"""Units of work of a run: answered from earlier runs where these still hold, and else on all processes.

What comes in: the units, what each is called, and how it is worked on. What goes out: the answers in the
order of the units. What the processes read and counted comes home.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gfplint.findings import Note
from gfplint.kernel.tree import Consulted
from gfplint.kernel.workers import dispatch
from gfplint.program.anchors import Kept
from gfplint.program.kept import KeptWork, Key
from gfplint.program.program import Account, Program

if TYPE_CHECKING:
    from gfplint.cache.units import Facts, Units

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Progress = Callable[[int, int], None]
"""Called with how many units are done, and how many there are."""
_LEAST_TASKS = 8
"""Tasks from which on further processes are worth their start."""


@dataclass(slots=True)
class Books:
    """What one process, or an earlier run, has to add to the account of a run."""

    account: Account
    notes: set[Note]
    consulted: Consulted
    anchors: Kept
    """What positions in the answers go by."""


def folder_of(path: str) -> str:
    """The folder that a file is in."""
    return path.rpartition("/")[0]


def by_folder(paths: Iterable[str]) -> list[list[str]]:
    """Files as units, those of one folder together."""
    return together_by_folder(paths, lambda path: path)


def together_by_folder(items: Iterable[_Item], path: Callable[[_Item], str]) -> list[list[_Item]]:
    """What is about files as units, what is about those of one folder together. ``path``: an item's file."""
    folders: dict[str, list[_Item]] = {}
    for item in items:
        folders.setdefault(folder_of(path(item)), []).append(item)
    return list(folders.values())


class Work:
    """Works on the units of one program."""

    def __init__(self, program: Program, jobs: int, units: Units | None = None) -> None:
        """``units``: where answers of earlier runs are, if anywhere."""
        self._program = program
        self.jobs = jobs
        self.kept = KeptWork(program, units)

    def answers(
        self,
        units: Sequence[_Item],
        key: Callable[[_Item], Key],
        work: Callable[[_Item], _Result],
        *,
        facts: Facts | None = None,
        progress: Progress = lambda done, total: None,
        jobs: int | None = None,
        together: Callable[[_Item], object] | None = None,
        ahead: Callable[[list[_Item]], object] = lambda units: None,
    ) -> list[_Result]:
        """What was kept of the units, and the rest worked out. ``jobs``: processes, all by default. Units
        that follow one another are worked on by one process if ``together`` says the same of them.
        ``ahead`` is told first which units these are.
        """
        found: list[_Result | None] = list(self.kept.load([key(unit) for unit in units], facts))
        missing = [number for number, answer in enumerate(found) if answer is None]
        if missing:
            ahead([units[number] for number in missing])
        groups: list[list[int]] = []
        for number in missing:
            if groups and together is not None and together(units[number]) == together(units[groups[-1][0]]):
                groups[-1].append(number)
            else:
                groups.append([number])

        def each(numbers: list[int]) -> list[_Result]:
            return [self._one(units[number], key, work, facts) for number in numbers]

        results = self._spread(each, groups, self.jobs if jobs is None else jobs, progress)
        for numbers, answers in zip(groups, results, strict=True):
            for number, answer in zip(numbers, answers, strict=True):
                found[number] = answer
        return [answer for answer in found if answer is not None]

    def spread(self, tasks: Sequence[Callable[[], _Result]]) -> list[_Result]:
        """Work on tasks that keep their answers themselves."""
        jobs = self.jobs if len(tasks) >= _LEAST_TASKS else 1
        return self._spread(lambda task: task(), tasks, jobs, lambda done, total: None)

    def _one(
        self, unit: _Item, key: Callable[[_Item], Key], work: Callable[[_Item], _Result], facts: Facts | None
    ) -> _Result:
        return self.kept.work(key(unit), lambda: work(unit), facts=facts)

    def _spread(
        self, work: Callable[[_Item], _Result], units: Sequence[_Item], jobs: int, progress: Progress
    ) -> list[_Result]:
        """Work on the units, and bring home what each process read."""
        if not units:
            return []
        if self.kept.anchors is not None:
            self.kept.anchors.fresh = {}
        results, books = dispatch(work, units, jobs, self._close, lambda done: progress(done, len(units)))
        for each in books:
            if each is not None:
                self.add(each)
            else:  # it died, and what it had read may have been of use to others
                self._program.tree.consulted.beyond = True
        return results

    def add(self, books: Books) -> None:
        """Take over what was read and understood elsewhere."""
        self._program.account.add(books.account)
        self._program.notes |= books.notes
        self._program.tree.consulted.add(books.consulted)
        if self.kept.anchors is not None:
            self.kept.anchors.learn(books.anchors)

    def books(self) -> Books:
        """What was read and understood so far."""
        anchors = self.kept.anchors.fresh if self.kept.anchors is not None else {}
        return Books(self._program.account, self._program.notes, self._program.tree.consulted, anchors)

    def _close(self) -> Books:
        if self._program.tree.store is not None:
            self._program.tree.store.flush()
        return self.books()
