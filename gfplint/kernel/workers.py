"""Running one function over parts of a list in several processes.

Plain ``fork``: the children start in a millisecond with everything the parent has in memory,
and what they return travels as ``marshal``, the fastest way to move bytes and tuples (:func:`spread`), or as
``pickle`` where it is more than that (:func:`dispatch`). No third-party library and no pool: a run forks a
few times in all.
"""

from __future__ import annotations

import contextlib
import marshal
import mmap
import os
import pickle
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(work: Callable[[Sequence[Item]], Result], items: Sequence[Item], jobs: int) -> list[Result]:
    """``work`` applied to ``jobs`` interleaved parts of ``items``; one result for each part, in order.

    The result of ``work`` must be something that ``marshal`` can carry: numbers, strings, bytes, and lists,
    tuples, dicts and sets of these. A part whose process dies is worked off here instead, so an exception
    of ``work`` reaches the caller. Which item lands in which part depends on ``jobs``: callers must not let
    it show in what they answer.
    """
    jobs = max(1, min(jobs, len(items)))
    if jobs == 1 or not hasattr(os, "fork"):
        return [work(items)]
    children = [_start(work, items[part::jobs]) for part in range(1, jobs)]
    try:
        results = [work(items[0::jobs])]
    except BaseException:
        for child, memory in children:
            os.waitpid(child, 0)
            os.close(memory)
        raise
    for part, (child, memory) in enumerate(children, 1):
        status = os.waitpid(child, 0)[1]
        with open(memory, "rb"):  # closes it
            if status != 0:
                results.append(work(items[part::jobs]))
            else:
                with mmap.mmap(memory, 0, access=mmap.ACCESS_READ) as data:
                    results.append(marshal.loads(data))
    return results


def _start(work: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> tuple[int, int]:
    """Fork a child that works on ``items``; its process id and a file with its result when it has ended.

    A file in memory: a pipe takes three times as long for the tables of an index.
    """
    memory = _memory()
    try:
        child = os.fork()
    except OSError:
        os.close(memory)
        raise
    if child:
        return child, memory
    status = 1
    try:
        result: Any = work(items)
        view = memoryview(marshal.dumps(result))
        while view:
            view = view[os.write(memory, view) :]
        status = 0
    finally:
        # _exit: neither the parent's atexit handlers nor its buffered output may run twice.
        os._exit(status)


def _memory() -> int:
    """The descriptor of a file that goes away with it; in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gfplint")
    from gfplint.kernel.scratch import nameless

    return nameless()


def dispatch(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    close: Callable[[], Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Result], list[Any]]:
    """``work`` applied to every item, on ``jobs`` processes that each take the next item when they are free.

    Answers the results in the order of the items, and what ``close`` said in each process when nothing was
    left (in the parent last), None for a process that died. Results travel as pickles. Put long items first.
    Items of a process that dies are worked off here. ``progress`` is told how many items the parent knows to
    be done.
    """
    jobs = max(1, min(jobs, len(items)))
    if jobs == 1 or not hasattr(os, "fork"):
        results = []
        for number, item in enumerate(items):
            results.append(work(item))
            if progress is not None:
                progress(number + 1)
        return results, [close()] if close is not None else []
    # The queue is a pipe filled with the numbers of the items: reading one is atomic.
    reading, writing = os.pipe()
    children: list[tuple[int, int]] = []
    found: dict[int, Result] = {}
    closed: list[Any] = []
    with contextlib.suppress(BlockingIOError):  # no more processes to be had: fewer will do
        for _ in range(jobs - 1):
            children.append(_helper(work, items, reading, writing, close))
    try:
        feeder = threading.Thread(target=_feed, args=(writing, len(items)), daemon=True)
        feeder.start()
        while (mine := _next(reading)) is not None:
            found[mine] = work(items[mine])
            if progress is not None:
                progress(min(len(items), mine + 1))
        feeder.join()
    except BaseException:
        while _next(reading) is not None:  # what nobody waits for any more needn't be done
            pass
        raise
    finally:
        os.close(reading)
        for child, pipe in children:
            with open(pipe, "rb") as stream:
                data = stream.read()
            theirs, said = pickle.loads(data) if os.waitpid(child, 0)[1] == 0 else ({}, None)
            found.update(theirs)
            if close is not None:
                closed.append(said)
    for number, item in enumerate(items):
        if number not in found:
            found[number] = work(item)
    if close is not None:
        closed.append(close())
    return [found[number] for number in range(len(items))], closed


def _helper(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    reading: int,
    writing: int,
    close: Callable[[], Any] | None,
) -> tuple[int, int]:
    """Fork a process that works on what it reads from the queue; its id and the pipe of its results."""
    results, mine = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(results)
        os.close(mine)
        raise
    if child:
        os.close(mine)
        return child, results
    status = 1
    try:
        os.close(results)
        os.close(writing)
        found: dict[int, Result] = {}
        while (number := _next(reading)) is not None:
            found[number] = work(items[number])
        data = pickle.dumps((found, close() if close is not None else None), pickle.HIGHEST_PROTOCOL)
        with open(mine, "wb") as stream:
            stream.write(data)
        status = 0
    finally:
        os._exit(status)


def _feed(writing: int, count: int) -> None:
    """Put the numbers of all items in the queue and close it; the pipe holds some thousands at a time."""
    with os.fdopen(writing, "wb", buffering=0) as stream, contextlib.suppress(BrokenPipeError):
        for number in range(count):
            stream.write(number.to_bytes(_NUMBER, "little"))


def _next(reading: int) -> int | None:
    data = os.read(reading, _NUMBER)
    return int.from_bytes(data, "little") if data else None


_NUMBER = 4
"""Bytes of a number in the queue."""
