"""Work in another process of the kind that a run has: forked, and ended without the parent's clean-up."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def forked(work: Callable[[], object]) -> Iterator[None]:
    """Run ``work`` in a forked process, which must end well, beside what is inside the ``with``."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    try:
        yield
    finally:
        status = os.waitpid(child, 0)[1]
    assert status == 0
