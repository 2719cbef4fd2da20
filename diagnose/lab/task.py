"""What every workload is made of: its task, its pace, and a read that is counted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from diagnose.histogram import bin_of
from diagnose.lab.counters import READ_BYTES, READS, SLOW, Counters

BLOCK = 16 << 10
"""What point reads read at once: a page of a usual database."""
CHUNK = 1 << 20
PAGE = 4096
TICK_SECONDS = 0.01
SLOW_NS = 50_000
"""A read from here on counts as slow. A cached read takes a few microseconds in Python, a device at least this long."""


@dataclass
class Task:
    """What a program gets to know: its folder, its role, its counters and its options."""

    folder: Path
    role: str
    counters: Counters
    options: Mapping[str, float]

    def step(self) -> None:
        """Mark the end of a preparation step; waits until every workload of the scenario is that far."""


def timed_read(counters: Counters, fd: int, offset: int, size: int = BLOCK) -> None:
    """Read one block at `offset` and count it with its latency."""
    start = time.perf_counter_ns()
    got = len(os.pread(fd, size, offset))
    count_read(counters, time.perf_counter_ns() - start, got)


def count_read(counters: Counters, taken_ns: int, size: int) -> None:
    """Count a read that took `taken_ns` and returned `size` bytes."""
    cells = counters.cells
    cells[READS] += 1
    cells[READ_BYTES] += size
    counters.bins[bin_of(taken_ns)] += 1
    if taken_ns >= SLOW_NS:
        cells[SLOW] += 1


def ticks() -> Iterator[None]:
    """Yield every TICK_SECONDS; after a stall it goes on from now, without making up for lost ticks in a rush."""
    due = time.monotonic()
    while True:
        yield
        due = max(due + TICK_SECONDS, time.monotonic() - TICK_SECONDS)
        time.sleep(max(0.0, due - time.monotonic()))


def bursts(task: Task) -> Iterator[None]:
    """Yield ticks during the bursts only; a capture sees a quiet phase first. Option `steady`: no quiet phases."""
    quiet, burst = task.options["quiet_seconds"], task.options["burst_seconds"]
    if task.options.get("steady"):
        quiet = 0.0
    start = time.monotonic()
    for _ in ticks():
        into_cycle = (time.monotonic() - start) % (quiet + burst)
        if into_cycle < quiet:
            time.sleep(quiet - into_cycle)
        yield


def per_tick(task: Task, least: int = CHUNK) -> int:
    """Return how many bytes to move a tick, by the option `bytes_per_second`."""
    return max(least, int(task.options["bytes_per_second"] * TICK_SECONDS))
