"""What the workloads do. A program prepares its files, steps, warms up, steps, then runs until it is killed.

Each counts what it does in `task.counters`. Options come from `scenarios.py`; `burst_seconds` and `quiet_seconds`
are added by the lab, which fits the bursts to the length of the capture.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import mmap
import os
import random
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from diagnose.histogram import bin_of
from diagnose.lab.counters import DEVICE_BYTES, READ_BYTES, READS, SLOW, Counters

BLOCK = 16 << 10
"""What point reads read at once: a page of a usual database."""
CHUNK = 1 << 20
WRITE_CHUNK = 4 << 20
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


def point_reads(task: Task) -> None:
    """Read every block of a hot file in one shuffled order, over and over, at a steady pace."""
    blocks = list(range(int(task.options["bytes"]) // BLOCK))
    random.Random(1).shuffle(blocks)  # noqa: S311 - a repeatable access pattern, not a secret
    order = itertools.cycle(blocks)
    per_tick = max(1, round(task.options["reads_per_second"] * TICK_SECONDS))
    with prepared_file(task, random_access=True) as fd:
        for _ in ticks():
            for block in itertools.islice(order, per_tick):
                timed_read(task.counters, fd, block * BLOCK)
            # In 512-byte blocks (getrusage(2)): what this process made the device read, independent of any clock.
            task.counters.cells[DEVICE_BYTES] = resource.getrusage(resource.RUSAGE_SELF).ru_inblock * 512


def stream(task: Task) -> None:
    """Read a data set larger than the limit from end to end, over and over, in bursts."""
    size = int(task.options["bytes"])
    per_tick = max(CHUNK, int(task.options["bytes_per_second"] * TICK_SECONDS))
    buffer = bytearray(CHUNK)
    offset = 0
    with prepared_file(task, warm=False) as fd:
        for _ in bursts(task):
            for _ in range(0, per_tick, CHUNK):
                got = os.preadv(fd, [buffer], offset)
                task.counters.cells[READ_BYTES] += got
                task.counters.cells[READS] += 1
                offset = (offset + got) % size


def compute(task: Task) -> None:
    """Hash a small file that stays cached, in bursts: a neighbour that costs CPU time and no memory."""
    size = int(task.options["bytes"])
    offset = 0
    with prepared_file(task) as fd:
        for _ in bursts(task):
            block = os.pread(fd, CHUNK, offset)
            hashlib.sha256(block).digest()
            task.counters.cells[READ_BYTES] += len(block)
            task.counters.cells[READS] += 1
            offset = (offset + len(block)) % size


PROGRAMS: dict[str, Callable[[Task], None]] = {
    "compute": compute,
    "point_reads": point_reads,
    "stream": stream,
}


# ---------------------------------------------------------------- what programs are made of


def timed_read(counters: Counters, fd: int, offset: int) -> None:
    """Read one block at `offset` and count it with its latency."""
    start = time.perf_counter_ns()
    got = os.pread(fd, BLOCK, offset)
    taken = time.perf_counter_ns() - start
    cells = counters.cells
    cells[READS] += 1
    cells[READ_BYTES] += len(got)
    counters.bins[bin_of(taken)] += 1
    if taken >= SLOW_NS:
        cells[SLOW] += 1


def ticks() -> Iterator[None]:
    """Yield every TICK_SECONDS; after a stall it goes on from now, without making up for lost ticks in a rush."""
    due = time.monotonic()
    while True:
        yield
        due = max(due + TICK_SECONDS, time.monotonic() - TICK_SECONDS)
        time.sleep(max(0.0, due - time.monotonic()))


def bursts(task: Task) -> Iterator[None]:
    """Yield ticks during the bursts only; a capture sees a quiet phase first."""
    quiet, burst = task.options["quiet_seconds"], task.options["burst_seconds"]
    start = time.monotonic()
    for _ in ticks():
        into_cycle = (time.monotonic() - start) % (quiet + burst)
        if into_cycle < quiet:
            time.sleep(quiet - into_cycle)
        yield


@contextmanager
def prepared_file(task: Task, warm: bool = True, random_access: bool = False) -> Iterator[int]:
    """Write the program's file (real blocks, nothing cached), read it into the cache if `warm`, and open it."""
    path = task.folder / f"{task.role}.data"
    size = int(task.options["bytes"])
    write_blocks(path, size)
    task.step()
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if random_access:
            # As databases do. Without it one miss reads in its neighbours, and large folios share one "accessed" bit.
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        for offset in range(0, size if warm else 0, CHUNK):
            os.pread(fd, CHUNK, offset)
        task.step()
        yield fd
    finally:
        os.close(fd)


def write_blocks(path: Path, size: int) -> None:
    """Write `size` bytes that cost real I/O to read again, and leave none of them in the page cache.

    Direct I/O where the file system has it. Random content: no file system can compress or deduplicate it away.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    try:
        fd = os.open(path, flags | os.O_DIRECT, 0o600)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        path.unlink(missing_ok=True)  # some file systems create the file before they refuse the flag
        fd = os.open(path, flags, 0o600)
    try:
        with mmap.mmap(-1, WRITE_CHUNK) as block:  # page-aligned, as direct I/O wants it
            block.write(os.urandom(WRITE_CHUNK))
            for number, offset in enumerate(range(0, size, WRITE_CHUNK)):
                block[:8] = offset.to_bytes(8, "little")
                _write_all(fd, block, min(WRITE_CHUNK, size - offset))
                if number % 8 == 7:
                    _flush(fd)
        _flush(fd)
    finally:
        os.close(fd)


def _write_all(fd: int, block: mmap.mmap, size: int) -> None:
    with memoryview(block) as view:
        done = 0
        while done < size:
            done += os.write(fd, view[done:size])


def _flush(fd: int) -> None:
    """Write back and drop what was written so far: dirty pages must stay far below the cgroup's limit."""
    os.fdatasync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
