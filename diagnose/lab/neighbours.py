"""What neighbours do: fill the cache by streaming, writing or mapping, take memory, compute, keep a device busy."""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
import time
from pathlib import Path

from diagnose.lab.counters import READ_BYTES, READS
from diagnose.lab.data_files import prepared_file
from diagnose.lab.lifetime import die_with
from diagnose.lab.task import CHUNK, PAGE, TICK_SECONDS, Task, bursts, per_tick, ticks

DROP_CACHES = Path("/proc/sys/vm/drop_caches")
DROP_AFTER_SECONDS = 5.0
"""The battery needs a second or two to begin, on a busy host more; what was dropped before it nobody saw go."""


def _count(task: Task, size: int) -> None:
    task.counters.cells[READ_BYTES] += size
    task.counters.cells[READS] += 1


def stream(task: Task) -> None:
    """Read a data set larger than the limit from end to end, over and over, in bursts.

    With option `records` it tells the kernel, as a reader of records does, that it needs no read-ahead: pages then come
    one by one. What read-ahead brings comes in large folios; each reclaim finds enough in one of the job's own, and
    hardly looks at anybody else's pages.
    """
    size, buffer, offset = int(task.options["bytes"]), bytearray(CHUNK), 0
    with prepared_file(task, warm=False, random_access=bool(task.options.get("records"))) as fd:
        for _ in bursts(task):
            for _ in range(0, per_tick(task), CHUNK):
                got = os.preadv(fd, [buffer], offset)
                _count(task, got)
                offset = (offset + got) % size


def map_file(task: Task) -> None:
    """Touch every page of a mapped data set, over and over, in bursts: page faults, no read calls."""
    size, offset = int(task.options["bytes"]), 0
    with prepared_file(task, warm=False) as fd, mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ) as mapped:
        for _ in bursts(task):
            end = min(offset + per_tick(task), size)
            for page in range(offset, end, PAGE):
                mapped[page]
            _count(task, end - offset)
            offset = end % size


def write_file(task: Task) -> None:
    """Write a large file through the page cache, over and over, in bursts, `write_bytes` at a time.

    Writes of a mebibyte would come in folios as large: each reclaim then finds enough in one of the writer's own, and
    hardly looks at anybody else's pages.
    """
    size, offset = int(task.options["bytes"]), 0
    block = os.urandom(int(task.options["write_bytes"]))
    task.step()
    fd = os.open(task.folder / f"{task.role}.out", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    task.step()
    for _ in bursts(task):
        for _ in range(0, per_tick(task), len(block)):
            _count(task, os.pwrite(fd, block, offset))
            offset = (offset + len(block)) % size


def allocate(task: Task) -> None:
    """Take memory of its own, fill it, keep it until the burst is over, and give it back."""
    size = int(task.options["bytes"])
    task.step()
    task.step()
    while True:
        time.sleep(task.options["quiet_seconds"])
        end = time.monotonic() + task.options["burst_seconds"]
        with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            for start in range(0, size, CHUNK):
                memory[start : start + CHUNK] = bytes(CHUNK)
                memory[start] = 1
                time.sleep(TICK_SECONDS / 2)
            _count(task, size)
            time.sleep(max(0.0, end - time.monotonic()))


def compute(task: Task) -> None:
    """Hash a small file that stays cached, in bursts: a neighbour that costs CPU time and no memory."""
    size, offset = int(task.options["bytes"]), 0
    with prepared_file(task) as fd:
        for _ in bursts(task):
            block = os.pread(fd, CHUNK, offset)
            hashlib.sha256(block).digest()
            _count(task, len(block))
            offset = (offset + len(block)) % size


def spin(task: Task) -> None:
    """Keep the CPU of option `cpu` busy with several processes."""
    task.step()
    task.step()
    os.sched_setaffinity(0, {int(task.options["cpu"])})
    for _ in range(int(task.options["processes"]) - 1):
        if os.fork() == 0:
            # In the same process group and with the same death signal to come, once its parent is gone.
            die_with(os.getppid())
            break
    while True:
        hashlib.sha256(bytes(CHUNK)).digest()


def direct_io(task: Task) -> None:
    """Read past the page cache with several threads, in bursts: device time, and no page of anybody's is touched."""
    size, rate = int(task.options["bytes"]), task.options.get("bytes_per_second")
    with prepared_file(task, warm=False, flags=os.O_DIRECT) as fd:
        workers = [
            threading.Thread(target=_read_direct, args=(task, fd, size, number, rate), daemon=True)
            for number in range(int(task.options["threads"]))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


def _read_direct(task: Task, fd: int, size: int, number: int, rate: float | None) -> None:
    """Read a chunk after another; with a rate one chunk whenever it is due, else as fast as the device gives them."""
    with mmap.mmap(-1, CHUNK) as buffer:  # page-aligned, as direct I/O wants it
        offset = (number * 37 << 20) % size
        pause = CHUNK / rate if rate else 0.0
        for _ in bursts(task) if rate else iter(int, 1):
            _count(task, os.preadv(fd, [buffer], offset))
            offset = (offset + CHUNK) % size
            time.sleep(pause)


def drop_caches(task: Task) -> None:
    """Write 1 to drop_caches once the capture runs, as a well-meant script does: the whole host loses its cache."""
    task.step()
    task.step()
    time.sleep(DROP_AFTER_SECONDS)
    for _ in range(int(task.options["times"])):
        DROP_CACHES.write_text("1")
        time.sleep(task.options["burst_seconds"] + task.options["quiet_seconds"])
    for _ in ticks():
        pass
