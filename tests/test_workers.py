"""Handing out items to processes: nothing is lost, whatever happens to one of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from gfplint.kernel.workers import dispatch

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(autouse=True)
def no_waiting_for_ever() -> Iterator[None]:
    """A process that waits for another one that never answers is a failure, not a test that never ends."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("the processes wait for each other")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def square(number: int) -> int:
    return number * number


@pytest.mark.parametrize("jobs", [0, 1, 2, 3, 50])
def test_results_have_the_order_of_the_items(jobs: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3))  # so that they don't finish in order
        return square(number)

    items = list(range(20))
    assert dispatch(work, items, jobs) == ([square(number) for number in items], [])


@pytest.mark.parametrize("jobs", [1, 3])
def test_nothing_to_do(jobs: int) -> None:
    assert dispatch(square, [], jobs) == ([], [])
    assert dispatch(square, [], jobs, close=lambda: "said") == ([], ["said"])


@pytest.mark.parametrize("jobs", [2, 3])
def test_every_process_closes_once_when_it_is_done_and_the_parent_last(jobs: int) -> None:
    mine: list[int] = []

    def work(number: int) -> int:
        mine.append(number)
        time.sleep(0.01)
        return os.getpid()

    pids, closed = dispatch(work, range(12), jobs, close=lambda: (os.getpid(), tuple(mine)))
    assert len(closed) == jobs
    assert closed[-1][0] == os.getpid()
    assert len({pid for pid, _ in closed}) == jobs
    assert sorted(number for _, done in closed for number in done) == list(range(12))
    for pid, done in closed:
        assert all(pids[number] == pid for number in done)


def test_more_items_than_the_queue_holds() -> None:
    """The pipe has room for 16384 numbers."""
    items = list(range(40_000))
    assert dispatch(square, items, 3)[0] == [square(number) for number in items]


def test_results_larger_than_a_pipe() -> None:
    results, _ = dispatch(lambda number: "x" * (number * 50_000), range(8), 3)
    assert [len(result) for result in results] == [number * 50_000 for number in range(8)]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_items_of_a_process_that_dies_are_worked_off_here(end: signal.Signals | None) -> None:
    parent = os.getpid()

    def work(number: int) -> int:
        if os.getpid() != parent and number % 2:
            if end is not None:
                os.kill(os.getpid(), end)
            os._exit(3)
        time.sleep(0.002)
        return square(number)

    results, closed = dispatch(work, range(20), 3, close=os.getpid)
    assert results == [square(number) for number in range(20)]
    assert closed[-1] == parent


def test_a_result_that_cannot_travel_is_worked_out_here() -> None:
    def work(number: int) -> tuple[int, object]:
        return number, lambda: number

    results, closed = dispatch(work, range(6), 2, close=os.getpid)
    assert [number for number, _ in results] == list(range(6))
    assert closed[-1] == os.getpid()


@pytest.mark.parametrize("where", ["everywhere", "in the parent", "in the others"])
def test_an_exception_reaches_the_caller(where: str) -> None:
    parent = os.getpid()

    def work(number: int) -> int:
        time.sleep(0.002)
        here = os.getpid() == parent
        if where == "everywhere" and number == 7:
            raise ValueError("seven")
        if where == "in the parent" and here:
            raise ValueError("seven")
        if where == "in the others" and not here:
            raise ValueError("seven")
        return number

    if where == "in the others":
        assert dispatch(work, range(20), 2)[0] == list(range(20))
    else:
        with pytest.raises(ValueError, match="seven"):
            dispatch(work, range(20), 2)


def test_an_exception_leaves_no_work_for_the_others(tmp_path: os.PathLike[str]) -> None:
    parent = os.getpid()

    def work(number: int) -> int:
        if os.getpid() == parent:
            raise ValueError("stop")
        time.sleep(0.02)
        with open(f"{os.fspath(tmp_path)}/{number}", "w"):
            return number

    with pytest.raises(ValueError, match="stop"):
        dispatch(work, range(400), 2)
    assert len(os.listdir(tmp_path)) < 200


def test_no_more_processes_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    forks = 0
    fork = os.fork

    def limited() -> int:
        nonlocal forks
        forks += 1
        if forks > 1:
            raise BlockingIOError("Resource temporarily unavailable")
        return fork()

    monkeypatch.setattr(os, "fork", limited)
    results, closed = dispatch(square, range(20), 4, close=os.getpid)
    assert results == [square(number) for number in range(20)]
    assert len(closed) == 2


def test_no_process_and_no_pipe_is_left() -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(3):
        dispatch(square, range(10), 3)
        with pytest.raises(ZeroDivisionError):
            dispatch(lambda number: 1 // number, range(10), 3)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("jobs", [1, 3])
def test_progress_never_goes_back_or_beyond(jobs: int) -> None:
    told: list[int] = []
    dispatch(square, range(30), jobs, progress=told.append)
    assert told == sorted(told)
    assert all(0 < done <= 30 for done in told)
