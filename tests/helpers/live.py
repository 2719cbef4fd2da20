"""For live tests: cgroups of our own, processes in them that act on a word, and a capture of exactly that.

A worker is Python that does nothing until the capture runs, then everything, then nothing until it is killed: what the
battery counts is what the worker's code says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.lab import folder
from diagnose.lab.data_files import write_blocks
from diagnose.lab.groups import remove
from diagnose.measure.battery import Battery
from diagnose.measure.progress import WindowSeen
from diagnose.measure.schedule import Plan

PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20
WINDOW_SECONDS = 0.3
"""The kernel keeps 16 windows until they are taken over: the workers have 4 s."""

_PRELUDE = """
import ctypes, json, mmap, os, resource, socket, sys, threading, time
directory, here = sys.argv[1:3]
with open(directory + "/cgroup.procs", "w") as file:
    file.write(str(os.getpid()))
PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)

def path(name):
    return os.path.join(here, name)

def opened(name, flags=os.O_RDONLY):
    fd = os.open(path(name), flags)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    return fd

def warm(fd):
    "Bring a file into the cache without a read; not long before it is wanted, since hosts reclaim idle pages."
    with mmap.mmap(fd, 0, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, prot=mmap.PROT_READ):
        pass

def blocks():
    "What this process has made the disk read, in bytes."
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock * 512

def go():
    os.write(1, b"r")
    os.read(0, 1)

def done(result=0):
    os.write(1, b"d%s\\n" % json.dumps(result).encode())
    os.read(0, 1)
"""


class Worker:
    """A process in a cgroup; `code` runs up to `go()` at once, from there to `done()` when told to."""

    def __init__(self, directory: Path, here: Path, code: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + code, str(directory), str(here)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.result: Any = 0
        self._heard("r")

    def act(self) -> None:
        """Have it do what it was made for; what it gave to `done()` (JSON) is its `result`."""
        self.begin()
        self.finish()

    def begin(self) -> None:
        """Give the word, and do not wait."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"g")
        self.process.stdin.flush()

    def finish(self) -> None:
        """Wait until it has done everything."""
        assert self.process.stdout is not None
        self._heard("d")
        self.result = json.loads(self.process.stdout.readline())

    def _heard(self, word: str) -> None:
        assert self.process.stdout is not None
        heard = self.process.stdout.read(1).decode()
        assert heard == word, f"the worker ended early, with status {self.process.wait()}"

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Bench:
    """A cgroup of our own with everything below it, a folder on a real disk, and the workers started here."""

    def __init__(self, hierarchy: Hierarchy, here: Path) -> None:
        self.hierarchy = hierarchy
        self.here = here
        self.top = f"/diagnose-test-{os.getpid()}-{time.monotonic_ns()}"
        self.workers: list[Worker] = []

    def make(self, name: str = "", limit_bytes: int | None = None) -> str:
        """Make a cgroup; returns its path."""
        directory = self.directory(f"{self.top}{name}")
        if self.hierarchy.version == 2:
            (directory.parent / "cgroup.subtree_control").write_text("+memory")
        directory.mkdir()
        if limit_bytes is not None:
            file = "memory.max" if self.hierarchy.version == 2 else "memory.limit_in_bytes"
            (directory / file).write_text(str(limit_bytes))
        return f"{self.top}{name}"

    def directory(self, cgroup: str) -> Path:
        return self.hierarchy.directory(cgroup)

    def id_of(self, cgroup: str) -> int:
        return self.directory(cgroup).stat().st_ino

    def file(self, name: str, pages: int) -> Path:
        """Write a file of real blocks, none of them cached."""
        path = self.here / name
        write_blocks(path, pages * PAGE)
        return path

    def worker(self, cgroup: str, code: str) -> Worker:
        worker = Worker(self.directory(cgroup), self.here, code)
        self.workers.append(worker)
        return worker

    def measured(self, service: str, *workers: Worker, on_window: WindowSeen = lambda progress: None) -> Capture:
        """Return a capture of these workers doing what they were made for, one after the other."""
        plan = Plan(windows=100, window_seconds=WINDOW_SECONDS)
        battery = Battery(Service(service, service, self.id_of(service), ()), self.hierarchy, plan)
        until: list[float] = []

        def wait(seconds: float) -> bool:
            if not until:
                for worker in workers:
                    worker.act()
                until.append(time.monotonic() + WINDOW_SECONDS + 0.1)
                return False
            time.sleep(seconds)
            return time.monotonic() > until[0]

        try:
            capture = battery.run(wait, on_window)
        finally:
            battery.close()
            battery.closing.join()  # programs that are being detached would run beside those of the next test
        assert capture.lost == {}
        assert [p for p in capture.probes if not p.attached] == []
        return capture

    def end(self) -> None:
        for worker in self.workers:
            worker.end()
        self.workers.clear()
        for _, path in reversed(list(self.hierarchy.walk(self.top))):
            remove(self.directory(path))


@contextmanager
def bench(need_bytes: int = 256 * MIB) -> Iterator[Bench]:
    """Yield a bench and leave nothing of it behind."""
    here = Path(tempfile.mkdtemp(prefix="diagnose-test-", dir=folder.choose(need_bytes)))
    made = Bench(Hierarchy.discover(), here)
    try:
        made.make()
        yield made
    finally:
        with suppress(FileNotFoundError):
            made.end()
        shutil.rmtree(here)


def reads_by_kind(capture: Capture, column: str = "count") -> dict[str, int]:
    """Return a column of the read totals by kind, those of 0 left out."""
    result: Counter[str] = Counter()
    for kind, value in zip(capture.read_totals.kind, getattr(capture.read_totals, column), strict=True):
        result[kind] += value
    return {kind: value for kind, value in result.items() if value}


def cache_of(capture: Capture, cgroup: int, column: str) -> int:
    """Return pages of a column of the page-cache table."""
    values = getattr(capture.cache, column)
    return sum(v for c, v in zip(capture.cache.cgroup, values, strict=True) if c == cgroup)


def evicted(capture: Capture, **wanted: object) -> int:
    """Return the pages removed, `evictor`, `victim` and `cause` as given."""
    e = capture.evictions
    rows = zip(e.evictor, e.victim, e.cause, e.pages, strict=True)
    named = [dict(zip(("evictor", "victim", "cause", "pages"), row, strict=True)) for row in rows]
    return sum(int(row["pages"]) for row in named if all(row[key] == value for key, value in wanted.items()))


def cached_pages(directory: Path) -> int:
    """Return the file pages that are charged to a cgroup itself, as the kernel counts them."""
    stat = dict(line.split() for line in (directory / "memory.stat").read_text().splitlines())
    return (int(stat.get("cache") or stat["file"]) - int(stat["shmem"])) // PAGE
