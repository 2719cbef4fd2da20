"""The page cache: what came in, what left, what came back, by mincore(2), memory.stat and vmstat."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.checks import Check
from tests.helpers.live import MIB, PAGE, evicted
from tests.instruments.measuring import RESIDENT, column, laid_out
from tests.soak.counters import cached_below, pairs
from tests.soak.figures import BATCHED_PAGES, RECLAIM

HOT = 20 * MIB // PAGE
TOUCHED = 12_000

_SEQUENTIAL = """
fd = os.open(path("data"), os.O_RDONLY)
go()
while os.read(fd, 1 << 18):
    pass
done(resident("data"))
"""
_WARM_HOT = 'fd = opened("hot")\ngo()\nwarm(fd)\ndone(resident("hot"))\n'
_STILL_HOT = 'go()\ndone(resident("hot"))\n'
_STREAM = 'fd = os.open(path("data"), os.O_RDONLY)\ngo()\nwhile os.read(fd, 1 << 17):\n    pass\ndone()\n'
_RANDOM = """
import random
fd, choose = opened("data"), random.Random(1).randrange
pages = os.fstat(fd).st_size // PAGE
go()
for _ in range(20000):
    os.pread(fd, PAGE, choose(pages) * PAGE)
done()
"""
_DIRTY = """
fd = os.open(path("new"), os.O_CREAT | os.O_RDWR, 0o600)
block = os.urandom(1 << 20)
go()
for i in range(48):
    os.pwrite(fd, block, i << 20)
done()
"""
_TOUCH = f"""
import random
fd = opened("data")
order = random.Random(1).sample(range({TOUCHED}), {TOUCHED})
go()
for _ in range(2):
    for page in order:
        os.pread(fd, PAGE, page * PAGE)
done()
"""


def inserted() -> list[Check]:
    """A file read from end to end: what mincore(2) finds in memory, and what left meanwhile."""
    with laid_out() as here:
        worker = here.worker(here.top, RESIDENT + _SEQUENTIAL)
        capture = here.measured(here.top, worker)
        own = here.id_of(here.top)
    ours = column(capture.cache, "inserted", cgroup=own) - evicted(capture, victim=own)
    return [Check("pages inserted less those removed", ours, worker.result, "fincore", 0.005, 16)]


def taken() -> list[Check]:
    """A neighbour streams below the same limit: how much of the service's file mincore(2) finds no more."""
    with laid_out() as here:
        here.make("/shared", limit_bytes=32 * MIB)
        service, batch = here.make("/shared/svc"), here.make("/shared/batch")
        here.file("hot", HOT)
        before, stream = here.worker(service, RESIDENT + _WARM_HOT), here.worker(batch, _STREAM)
        after = here.worker(service, RESIDENT + _STILL_HOT)
        beside = cached_below(here.directory(service))  # of libraries, say, that were not in the cache
        capture = here.measured(service, before, stream, after)
        victim = here.id_of(service)
    gone = before.result - after.result
    ours = evicted(capture, victim=victim)
    return [Check("pages evicted from the service", ours, gone, "fincore", 0.01, 16 + max(0, beside))]


def at_the_limit() -> list[Check]:
    """Random reads of twice the limit: what was reclaimed, what stayed, what came back."""
    with laid_out() as here:
        service = here.make("/svc", limit_bytes=32 * MIB)
        worker, directory = here.worker(service, _RANDOM), here.directory(service)
        start, reclaimed, came_back = cached_below(directory), _vmstat("pgsteal_file"), _refaults(directory)
        capture = here.measured(service, worker)
        reclaimed = _vmstat("pgsteal_file") - reclaimed
        came_back, stayed = _refaults(directory) - came_back, cached_below(directory) - start
        own = here.id_of(service)
    left = evicted(capture, victim=own)
    ours = sum(evicted(capture, cause=cause) for cause in RECLAIM)
    checks = [
        Check("pages reclaimed", ours, reclaimed, "vmstat", 0.02, BATCHED_PAGES),
        Check(
            "pages inserted less those removed",
            column(capture.cache, "inserted", cgroup=own) - left,
            stayed,
            "memory.stat",
            0,
            BATCHED_PAGES,
        ),
    ]
    if capture.blame is not None:
        back = sum(capture.blame.distance_pages.count)
        checks.append(Check("pages that came back", back, came_back, "memory.stat", 0.02, BATCHED_PAGES))
    return checks


def dirtied() -> list[Check]:
    """Pages made dirty: /proc/PID/io counts a page when a process makes it dirty, not when it is written back."""
    with laid_out() as here:
        worker = here.worker(here.top, _DIRTY)
        io = Path(f"/proc/{worker.process.pid}/io")
        start = pairs(io, ":")["write_bytes"]
        capture = here.measured(here.top, worker)
        theirs = (pairs(io, ":")["write_bytes"] - start) // PAGE
        own = here.id_of(here.top)
    return [Check("pages dirtied", column(capture.cache, "dirtied", cgroup=own), theirs, "/proc/PID/io", 0.01, 16)]


def touched() -> list[Check]:
    """Different pages read, estimated from a sample of one in 64, against a workload that knows."""
    with laid_out() as here:
        capture = here.measured(here.top, here.worker(here.top, _TOUCH))
    blame = capture.blame
    assert blame is not None
    assert blame.touched_pages is not None
    margin = blame.touched_pages_margin or 0
    return [Check("different pages read, estimated", blame.touched_pages, TOUCHED, "the workload", slack=1.5 * margin)]


def _refaults(directory: Path) -> int:
    stat = pairs(directory / "memory.stat")
    return stat.get("total_workingset_refault_file", stat["workingset_refault_file"])


def _vmstat(name: str) -> int:
    return pairs(Path("/proc/vmstat"))[name]
