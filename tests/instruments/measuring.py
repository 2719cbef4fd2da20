"""A workload that says what it did, measured by the whole battery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from diagnose.capture.model import Capture
from diagnose.histogram import BINS, percentile
from tests.helpers.checks import Check
from tests.helpers.live import MIB, PAGE, Bench, bench

DATA = 64 * MIB
A_BIN = 0.125
"""How wide a bin of a latency is."""

FIO = """
import subprocess
def fio(*options):
    "One job of fio, as its JSON; it times every read itself."
    command = ["fio", "--name=job", "--rw=randread", "--bs=4k", "--ioengine=psync", "--thread", "--output-format=json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True, cwd=here)
    read = json.loads(done.stdout)["jobs"][0]["read"]
    quantiles = {key[:5]: value for key, value in read["clat_ns"]["percentile"].items()}
    return {"reads": read["total_ios"], "p50": quantiles["50.00"], "p99": quantiles["99.00"]}
fio("--filename=first", "--size=64k", "--number_ios=4")  # its own program and libraries come into memory now
def block_stat(number):
    "Reads, bytes and milliseconds of a device, as the kernel counts them."
    with open("/sys/dev/block/" + number + "/stat") as file:
        fields = file.read().split()
    return int(fields[0]), int(fields[2]) * 512, int(fields[3])
"""
RESIDENT = """
import subprocess
def resident(name):
    "Pages of a file in the cache, by mincore(2)."
    said = subprocess.run(["fincore", "--noheadings", "--output", "PAGES", path(name)], capture_output=True, check=True)
    return int(said.stdout)
"""


@contextmanager
def laid_out() -> Iterator[Bench]:
    """Yield a bench with a file that is not cached."""
    with bench() as here:
        here.file("data", DATA // PAGE)
        yield here


def column(table: object, name: str, **wanted: object) -> int:
    """Return the sum of a column over the rows that have these values."""
    rows = zip(getattr(table, name), *(getattr(table, key) for key in wanted), strict=True)
    return sum(row[0] or 0 for row in rows if list(row[1:]) == list(wanted.values()))


def latencies(bins: Sequence[int], counts: Sequence[int]) -> np.ndarray:
    """Return the histogram of these bins, shape (BINS,)."""
    return np.bincount(bins, weights=counts, minlength=BINS).astype(np.int64)


def reads_of(capture: Capture, kind: str) -> np.ndarray:
    r = capture.reads
    rows = [(b, n) for k, b, n in zip(r.kind, r.bin, r.count, strict=True) if k == kind]
    return latencies([b for b, _ in rows], [n for _, n in rows])


def timed(what: str, capture: Capture, kind: str, theirs: dict[str, float], slack_ns: float) -> list[Check]:
    """Compare a kind's latencies with those that fio took itself, in µs.

    No mean, nor a p99 of cached reads: a thread may lose its CPU on the way back from a system call, which is in fio's
    times and not in ours, and on a busy machine such milliseconds are most of either.
    """
    histogram = reads_of(capture, kind)
    ours = {"p50": percentile(histogram, 0.5) or 0.0, "p99": percentile(histogram, 0.99) or 0.0}
    if kind == "hit":
        del ours["p99"]
    return [
        Check(f"{what}, {name}, µs", ours[name] / 1e3, theirs[name] / 1e3, "fio", A_BIN, slack_ns / 1e3)
        for name in ours
    ]
