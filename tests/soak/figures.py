"""The figures of a capture beside the counters of the kernel and the workloads."""

from __future__ import annotations

from collections.abc import Sequence

from diagnose.capture.model import Capture
from diagnose.cgroups import is_within
from tests.helpers.checks import Check
from tests.helpers.live import Bench, Worker, reads_by_kind
from tests.soak.counters import Counters

LOST_READS = ("inflight_map_full", "read_slots_not_drained")
FILES = ("hit", "missed", "direct")
RECLAIM = ("memcg-reclaim", "direct-reclaim", "kswapd")
BATCHED_PAGES = 512
"""memory.stat lags by up to 64 pages a CPU and cgroup (MEMCG_CHARGE_BATCH)."""


def checks(capture: Capture, here: Bench, workers: Sequence[Worker], start: Counters, end: Counters) -> list[Check]:
    """Compare whatever the workers' results allow: "reads" and "bytes" are all their file reads, those of children
    included, which /proc/PID/io has as well once they have been waited for."""
    results = [worker.result for worker in workers if isinstance(worker.result, dict)]
    lost = sum(capture.lost.get(reason, 0) for reason in LOST_READS)
    counts, sizes = reads_by_kind(capture), reads_by_kind(capture, "total_bytes")
    reads = sum(one.get("reads", 0) for one in results)
    # The word that sets a worker off is a read too, which began before the capture.
    calls = end.read_calls - start.read_calls - len(workers)
    found = [
        Check("file reads", _of(counts, FILES), reads, "the workload", lost=None if lost else 0),
        Check("all reads", sum(counts.values()), calls, "/proc/PID/io", slack=begun(workers, lost), lost=lost),
    ]
    if all("bytes" in one for one in results):
        sized = sum(one["bytes"] for one in results)
        found.append(Check("bytes read", _of(sizes, FILES), sized, "the workload", lost=None if lost else 0))
    return found + pages(capture, here, start, end)


def begun(workers: Sequence[Worker], lost: int) -> int:
    """Return how many reads may be lost and yet be no reads of the capture: a read is lost when it begins and has no
    place, and at the end each worker waits in one."""
    return len(workers) if lost else 0


def pages(capture: Capture, here: Bench, start: Counters, end: Counters) -> list[Check]:
    """Compare what came into the cache and left it with memory.stat, and what was reclaimed with vmstat."""
    ours = {c.id for c in capture.cgroups if is_within(c.path, here.top)}
    inserted = sum(n for c, n in zip(capture.cache.cgroup, capture.cache.inserted, strict=True) if c in ours)
    e = capture.evictions
    removed = sum(n for victim, n in zip(e.victim, e.pages, strict=True) if victim in ours)
    reclaimed = sum(n for cause, n in zip(e.cause, e.pages, strict=True) if cause in RECLAIM)
    lost = None if capture.lost.get("evictions_map_full") or capture.lost.get("cache_map_full") else 0
    known = {c.id for c in capture.cgroups}
    # Not the victims: pages outlive their cgroup, and one that was gone before has no name any more.
    nameless = {*capture.cache.cgroup, *e.evictor} - known
    came = end.cached - start.cached + removed
    return [
        Check("pages inserted", inserted, came, "memory.stat and what left", 0.02, BATCHED_PAGES, lost),
        Check("pages reclaimed", reclaimed, end.reclaimed - start.reclaimed, "vmstat", 0.02, BATCHED_PAGES, lost),
        Check("cgroups without a name", len(nameless), 0, "the capture itself"),
    ]


def _of(values: dict[str, int], kinds: Sequence[str]) -> int:
    return sum(values.get(kind, 0) for kind in kinds)
