"""Running one function over parts of a list in several processes.

Plain ``fork`` and pipes: the children start in a millisecond with everything the parent has in memory,
and what they return travels as ``marshal``, the fastest way to move bytes and tuples. No third-party
library and no pool: a run forks two or three times in all.
"""

from __future__ import annotations

import marshal
import os
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
        for child, pipe in children:
            os.close(pipe)
            os.waitpid(child, 0)
        raise
    for part, (child, pipe) in enumerate(children, 1):
        with open(pipe, "rb") as stream:
            data = stream.read()
        status = os.waitpid(child, 0)[1]
        if status != 0:
            results.append(work(items[part::jobs]))
        else:
            results.append(marshal.loads(data))
    return results


def _start(work: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> tuple[int, int]:
    """Fork a child that works on ``items``; its process id and the reading end of its pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        result: Any = work(items)
        data = marshal.dumps(result)
        with open(writing, "wb") as stream:
            stream.write(data)
        status = 0
    finally:
        # _exit: neither the parent's atexit handlers nor its buffered output may run twice.
        os._exit(status)
