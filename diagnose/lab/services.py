"""What observed services do: point reads of a hot file, and everything else that may make a read slow."""

from __future__ import annotations

import itertools
import mmap
import os
import random
import resource
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from diagnose.lab import disks
from diagnose.lab.counters import DEVICE_BYTES
from diagnose.lab.data_files import prepared_file
from diagnose.lab.task import BLOCK, CHUNK, TICK_SECONDS, Task, count_read, ticks, timed_read


def _shuffled(size: int, block: int = BLOCK) -> list[int]:
    """Return the offsets of all blocks of a file in a random order, the same in every run."""
    offsets = list(range(0, size // block * block, block))
    random.Random(1).shuffle(offsets)  # noqa: S311 - a repeatable access pattern, not a secret
    return offsets


def _read_at_pace(task: Task, fd: int, offsets: Iterable[int], size: int = BLOCK) -> None:
    order = iter(offsets)
    each_tick = max(1, round(task.options["reads_per_second"] * TICK_SECONDS))
    for _ in ticks():
        for offset in itertools.islice(order, each_tick):
            timed_read(task.counters, fd, offset, size)
        # In 512-byte blocks (getrusage(2)): what this process made the device read, independent of any clock.
        task.counters.cells[DEVICE_BYTES] = resource.getrusage(resource.RUSAGE_SELF).ru_inblock * 512


def point_reads(task: Task) -> None:
    """Read every block (option `block_bytes`) of a hot file in one shuffled order, over and over, at a steady pace."""
    block = int(task.options.get("block_bytes", BLOCK))
    with prepared_file(task, random_access=True) as fd:
        _read_at_pace(task, fd, itertools.cycle(_shuffled(int(task.options["bytes"]), block)), block)


def cold_reads(task: Task) -> None:
    """Read ever new blocks of a large file, none of them twice."""
    with prepared_file(task, warm=False, random_access=True) as fd:
        _read_at_pace(task, fd, _shuffled(int(task.options["bytes"])))


def large_reads(task: Task) -> None:
    """Read a cached file in large chunks, on one CPU (option `cpu`, -1: any): long enough to be interrupted."""
    if task.options["cpu"] >= 0:
        os.sched_setaffinity(0, {int(task.options["cpu"])})
    chunk = int(task.options["chunk_bytes"])
    buffer = bytearray(chunk)
    with prepared_file(task) as fd:
        for offset in itertools.cycle(_shuffled(int(task.options["bytes"]), chunk)):
            start = time.perf_counter_ns()
            got = os.preadv(fd, [buffer], offset)
            count_read(task.counters, time.perf_counter_ns() - start, got)


def direct_reads(task: Task) -> None:
    """Read past the page cache, as some databases do: every read waits for the device, and none misses."""
    each_tick = max(1, round(task.options["reads_per_second"] * TICK_SECONDS))
    with prepared_file(task, warm=False, flags=os.O_DIRECT) as fd, mmap.mmap(-1, BLOCK) as buffer:
        order = itertools.cycle(_shuffled(int(task.options["bytes"])))
        for _ in ticks():
            for offset in itertools.islice(order, each_tick):
                start = time.perf_counter_ns()
                got = os.preadv(fd, [buffer], offset)
                count_read(task.counters, time.perf_counter_ns() - start, got)


def replace_files(task: Task) -> None:
    """Write its file anew every second, a new one in the old one's place and the old one by turns, and read it."""
    size, each_tick = int(task.options["bytes"]), max(1, round(task.options["reads_per_second"] * TICK_SECONDS))
    path, offsets = task.folder / f"{task.role}.data", itertools.cycle(_shuffled(size))
    fd = _new_version(path, path, size)
    task.step()
    task.step()
    for number, _ in enumerate(ticks(), start=1):
        if number % 100 == 0:
            os.close(fd)
            fd = _new_version(path, path if number % 200 else path.with_suffix(".new"), size)
        for offset in itertools.islice(offsets, each_tick):
            timed_read(task.counters, fd, offset)


def _new_version(path: Path, written: Path, size: int) -> int:
    """Write the file as `written` (the file itself: it is emptied first, truncate; another: it is unlinked)."""
    written.write_bytes(os.urandom(CHUNK) * (size // CHUNK))
    written.replace(path)
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def peer_reads(task: Task) -> None:
    """Ask a slow peer over a socket and a pipe, and read a small cached file in between."""
    size = int(task.options["bytes"])
    with prepared_file(task) as fd:
        here, there = socket.socketpair()
        read_end, write_end = os.pipe()
        threading.Thread(target=_answer, args=(there, write_end), daemon=True).start()
        for offset in itertools.cycle(_shuffled(size)):
            for _ in range(20):
                timed_read(task.counters, fd, offset)
            os.read(here.fileno(), 64)
            os.read(read_end, 64)


def _answer(there: socket.socket, write_end: int) -> None:
    while True:
        time.sleep(0.008)
        there.sendall(b"x" * 64)
        time.sleep(0.004)
        os.write(write_end, b"y" * 64)


def swapping_reads(task: Task) -> None:
    """Read a cached file into buffers all over a memory larger than the limit: copying has to fetch them from swap."""
    size = int(task.options["buffer_bytes"])
    each_tick = max(1, round(task.options["reads_per_second"] * TICK_SECONDS))
    with prepared_file(task) as fd, mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        places = itertools.cycle(_shuffled(size))
        blocks = itertools.cycle(_shuffled(int(task.options["bytes"])))
        with memoryview(memory) as view:
            for _ in ticks():
                for offset, place in itertools.islice(zip(blocks, places, strict=False), each_tick):
                    start = time.perf_counter_ns()
                    got = os.preadv(fd, [view[place : place + BLOCK]], offset)
                    count_read(task.counters, time.perf_counter_ns() - start, got)


def reads_while_growing(task: Task) -> None:
    """Read ever new, large blocks while a second thread takes memory that has to be swapped out to make room."""
    size = int(task.options["block_bytes"])
    with prepared_file(task, warm=False, random_access=True) as fd:
        threading.Thread(target=_grow, args=(int(task.options["grow_bytes"]),), daemon=True).start()
        _read_at_pace(task, fd, itertools.cycle(_shuffled(int(task.options["bytes"]), size)), size)


def _grow(size: int) -> None:
    """Fill fresh memory a mebibyte at a time, give all of it back, and begin again: nothing swapped out is wanted."""
    block = os.urandom(CHUNK)
    while True:
        with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            for start in range(0, size, CHUNK):
                memory[start : start + CHUNK] = block


def slow_disk_reads(task: Task) -> None:
    """Read ever new blocks from a file system on a slow device of its own."""
    with (
        disks.mounted(task.folder, task.role, int(task.options["disk_bytes"])) as disk,
        prepared_file(task, warm=False, folder=disk.mount, flags=os.O_DIRECT) as fd,
        mmap.mmap(-1, BLOCK) as buffer,
    ):
        for offset in itertools.cycle(_shuffled(int(task.options["bytes"]))):
            start = time.perf_counter_ns()
            got = os.preadv(fd, [buffer], offset)
            count_read(task.counters, time.perf_counter_ns() - start, got)


def dirty_writes(task: Task) -> None:
    """Write more than the device takes, and read a small cached file in between; few pages may be dirty there."""
    size, block = int(task.options["bytes"]), os.urandom(CHUNK)
    offsets = itertools.cycle(_shuffled(size))
    with (
        disks.mounted(task.folder, task.role, int(task.options["disk_bytes"])) as disk,
        prepared_file(task, folder=disk.mount) as fd,
    ):
        disk.limit_dirty(int(task.options["dirty_bytes"]))
        out = os.open(disk.mount / "out", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        for number in itertools.count():
            os.pwrite(out, block, (number % 64) * CHUNK)
            for offset in itertools.islice(offsets, 20):
                timed_read(task.counters, fd, offset)
