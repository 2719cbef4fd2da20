"""Reads: how many, how long, by a workload that times itself."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.checks import Check
from tests.helpers.live import PAGE
from tests.instruments.measuring import FIO, column, laid_out, timed
from tests.soak.counters import pairs

PROBES_NS = 8000
"""The programs' own work, and fio's, lie between the two clocks."""
WAKE_NS = 8000
"""A thread that waited for the disk comes back through the scheduler, and then the programs."""

# Large reads: of 4 KiB ones a program's own work would be as much as the read.
_HITS = """
go()
warm(opened("data"))
done(fio("--filename=data", "--invalidate=0", "--bs=1m", "--norandommap", "--io_size=2g"))
"""
_MISSES = "go()\ndone(fio('--filename=data', '--invalidate=1', '--number_ios=3000'))\n"
_DIRECT = "go()\ndone(fio('--filename=data', '--direct=1', '--number_ios=3000'))\n"
_COUNTED = """
import random
fd = opened("data")
choose = random.Random(1).randrange
size = os.fstat(fd).st_size
go()
reads = sizes = 0
while reads < 20000:
    sizes += len(os.pread(fd, choose(1, 40000), choose(size)))
    reads += 1
done({"reads": reads, "bytes": sizes})
"""


def latency() -> list[Check]:
    """Cached, missed and direct reads, each timed by fio as well."""
    checks = []
    for kind, what, code, slack in (
        ("hit", "cached reads of 1 MiB", _HITS, PROBES_NS),
        ("missed", "missed reads", _MISSES, WAKE_NS),
        ("direct", "direct reads", _DIRECT, WAKE_NS),
    ):
        with laid_out() as here:
            worker = here.worker(here.top, FIO + code)
            capture = here.measured(here.top, worker)
        count = column(capture.read_totals, "count", kind=kind)
        # fio reads its own libraries and /etc as well, which are cached.
        others = 400 if kind == "hit" else 4 if kind == "missed" else 0
        checks.append(Check(f"{what}", count, worker.result["reads"], "fio", slack=others))
        checks += timed(what, capture, kind, worker.result, slack)
    return checks


def counts() -> list[Check]:
    """Every read of a workload that counts itself, and /proc/PID/io."""
    with laid_out() as here:
        worker = here.worker(here.top, _COUNTED)
        io = Path(f"/proc/{worker.process.pid}/io")
        before = pairs(io, ":")
        capture = here.measured(here.top, worker)
        after = pairs(io, ":")
    grown = {key: after[key] - before[key] for key in after}
    totals, own = capture.read_totals, worker.result
    # A read that misses of part of a page fetches all of it.
    return [
        Check("reads", sum(totals.count), own["reads"], "the workload"),
        Check("reads", sum(totals.count), grown["syscr"] - 1, "/proc/PID/io"),
        Check("bytes read", sum(totals.total_bytes), own["bytes"], "the workload"),
        Check("bytes read", sum(totals.total_bytes), grown["rchar"] - 1, "/proc/PID/io"),
        Check("pages missed", sum(totals.missed_pages), grown["read_bytes"] // PAGE, "/proc/PID/io", 0.01, 8),
    ]
