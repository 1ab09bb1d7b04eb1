"""One run of a command: how long, how much work, how much memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """``wall`` and ``cpu`` seconds, the latter of the command and all that it waited for, user and system;
    ``peak`` memory of its largest process in MB; exit ``status``.
    """

    wall: float
    cpu: float
    peak: float
    status: int


def run(command: Sequence[str]) -> Figures:
    """Run a command to its end, its output thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode)
