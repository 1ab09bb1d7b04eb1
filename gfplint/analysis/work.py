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


def by_folder(paths: Iterable[str]) -> list[list[str]]:
    """Files as units, those of one folder together."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
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
    ) -> list[_Result]:
        """What was kept of the units, and the rest worked out. ``jobs``: processes, all by default."""
        found: list[_Result | None] = list(self.kept.load([key(unit) for unit in units], facts))
        missing = [number for number, answer in enumerate(found) if answer is None]
        results = self._spread(
            lambda unit: self.kept.work(key(unit), lambda: work(unit), facts=facts),
            [units[number] for number in missing],
            self.jobs if jobs is None else jobs,
            progress,
        )
        for number, result in zip(missing, results, strict=True):
            found[number] = result
        return [answer for answer in found if answer is not None]

    def spread(self, tasks: Sequence[Callable[[], _Result]]) -> list[_Result]:
        """Work on tasks that keep their answers themselves."""
        jobs = self.jobs if len(tasks) >= _LEAST_TASKS else 1
        return self._spread(lambda task: task(), tasks, jobs, lambda done, total: None)

    def _spread(
        self, work: Callable[[_Item], _Result], units: Sequence[_Item], jobs: int, progress: Progress
    ) -> list[_Result]:
        """Work on the units, and bring home what each process read."""
        if not units:
            return []
        results, books = dispatch(work, units, jobs, self._close, lambda done: progress(done, len(units)))
        for each in books:
            self.add(each)
        return results

    def add(self, books: Books) -> None:
        """Take over what was read and understood elsewhere."""
        self._program.account.add(books.account)
        self._program.notes |= books.notes
        self._program.tree.consulted.add(books.consulted)

    def books(self) -> Books:
        """What was read and understood so far."""
        return Books(self._program.account, self._program.notes, self._program.tree.consulted)

    def _close(self) -> Books:
        if self._program.tree.store is not None:
            self._program.tree.store.flush()
        return self.books()
