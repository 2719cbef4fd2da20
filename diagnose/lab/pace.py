"""How fast this machine is: a slow one (an emulated guest, a small board) gets the same scenarios at lower rates."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from diagnose.histogram import bin_of
from diagnose.lab.task import BLOCK

RATES = ("reads_per_second", "bytes_per_second")
"""The options that are rates."""
ENOUGH = 64_000
"""Cached reads a second, counted like a workload's, from which the scenarios run as they are: four times the most."""
_ROUNDS, _READS = 5, 400


def reads_per_second() -> float:
    """Return how many cached blocks a second one process can read and count here; the best of a few tries."""
    fd = os.memfd_create("diagnose-lab-pace")
    try:
        os.pwrite(fd, bytes(BLOCK), 0)
        return _READS / min(_taken(fd) for _ in range(_ROUNDS))
    finally:
        os.close(fd)


def _taken(fd: int) -> float:
    begin = time.perf_counter()
    for _ in range(_READS):
        start = time.perf_counter_ns()
        os.pread(fd, BLOCK, 0)
        bin_of(time.perf_counter_ns() - start)
    return time.perf_counter() - begin


def share_of_full_speed(found: float) -> float:
    """Return by what the rates are multiplied on a machine of so many reads a second: at most 1."""
    return min(1.0, found / ENOUGH)


def slowed(options: Mapping[str, float], share: float) -> dict[str, float]:
    """Return a workload's options with its rates at `share` of what they are."""
    return {name: value * share if name in RATES else value for name, value in options.items()}
