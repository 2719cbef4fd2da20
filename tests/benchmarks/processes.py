"""What a command costs as a whole process: time, CPU time, memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Run:
    """Wall-clock and CPU seconds, and the largest resident memory in bytes, of a process from start to end.

    The kernel counts the memory of the process that started it as well (exec_mmap in fs/exec.c): start it from
    a small one.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(command: Sequence[str], good: Sequence[int] = (0, 1)) -> Run:
    """Run a command to its end; raises CalledProcessError for an exit status that is not `good`."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        errors.seek(0)
        said = errors.read()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in good or b"Error" in said or b"No module" in said:
        raise subprocess.CalledProcessError(child.returncode, list(command), stderr=said)
    return Run(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def median(command: Sequence[str], repetitions: int, good: Sequence[int] = (0, 1)) -> Run:
    """Return the medians of some runs, each of its figures for itself."""
    runs = [run(command, good) for _ in range(repetitions)]
    return Run(
        statistics.median(r.seconds for r in runs),
        statistics.median(r.cpu_seconds for r in runs),
        int(statistics.median(r.peak_bytes for r in runs)),
    )
