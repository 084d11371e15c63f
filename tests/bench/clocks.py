"""CPU time of other processes, to the microsecond where the system tells it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

import psutil

_SCHED = 2  # which of a process's clocks: what it ran, user and system together


def cpu_seconds(pid: int) -> float:
    """What a process has run so far, all its threads, ended ones too; 0 for one that is gone.

    Linux keeps a clock for each process (clock_getcpuclockid(3)); elsewhere it is counted in ticks.
    """
    try:
        if sys.platform == "linux":
            return time.clock_gettime((~pid << 3) | _SCHED)
        spent = psutil.Process(pid).cpu_times()
        return float(spent.user + spent.system)
    except (OSError, psutil.Error):
        return 0.0


def read(pids: Iterable[int]) -> dict[int, float]:
    return {pid: cpu_seconds(pid) for pid in pids}


def between(before: dict[int, float], after: dict[int, float]) -> float:
    """Seconds run between two readings; a process that ended meanwhile counts nothing."""
    return sum(max(0.0, spent - before.get(pid, 0.0)) for pid, spent in after.items())
