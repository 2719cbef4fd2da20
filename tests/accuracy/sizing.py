"""Are the recommended limits right? Applied in the lab, held against the optimum: `python -m tests.accuracy.sizing`.

For each memory scenario: diagnose, set the recommended limits, diagnose again. Then bisect for the largest limit on the
culprit that still removes 90 % of the missed reads. Missed reads that waited for pages which proactive reclaim (DAMON)
took are left out on both sides: no limit changes them. Writes a table to standard output.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from diagnose import pipeline, rules
from diagnose.battery import plan
from diagnose.cgroups import Hierarchy
from diagnose.lab import SCENARIOS, Lab, running
from diagnose.models import Capture, Report
from diagnose.service import resolve

MIB = 1 << 20
SECONDS, SETTLE_SECONDS = 10.0, 2.0
REMOVED = 0.9
STEPS = 5
SIZED = ("page-cache-noisy-neighbour", "neighbour-memory-pressure")


@dataclass(frozen=True)
class Measured:
    """A capture of the lab, and what matters of it here."""

    report: Report
    reads: int
    missed: int
    """Without the reads that waited for pages taken by proactive reclaim."""
    blamed_share: float
    hit_ratio: float | None
    p99_seconds: float | None


def main() -> None:
    """Print the table for the scenarios named, or for all whose findings come with limits."""
    names = sys.argv[1:] or [name for name, s in SCENARIOS.items() if s.expected in SIZED]
    print(
        "| scenario | missed before | after the recommendation | removed | hit ratio: predicted | measured "
        "| recommended MiB | optimum MiB | ratio | blamed share | OOM kills |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name in names:
        with running(name, SECONDS, lambda text: print(f"# {text}", file=sys.stderr)) as lab:
            print(_row(name, lab), flush=True)


def _row(name: str, lab: Lab) -> str:
    hierarchy = Hierarchy.discover()
    before = _measure(lab, hierarchy)
    limits = [r for r in before.report.recommendations if r.value_bytes is not None]
    if not limits:
        return f"| {name} | {before.missed} | no limit recommended: {before.report.verdict.rule} |"
    for r in limits:
        _set(hierarchy, r.cgroup, r.setting, str(r.value_bytes))
    after = _measure(lab, hierarchy)
    removed = 1 - (after.missed / after.reads) / (before.missed / before.reads)
    first = limits[0]
    recommended = (first.value_bytes or 0) // MIB
    optimum = _optimum(lab, hierarchy, first.cgroup, first.setting, before, recommended)
    predicted = first.expected_effect.partition("the hit ratio from ")[2].partition(", the 99th")[0]
    kills = hierarchy.directory(first.cgroup) / "memory.oom_control"
    killed = kills.read_text().split()[-1] if kills.exists() else "see memory.events"
    return (
        f"| {name} | {before.missed} | {after.missed} | {removed:.1%} | {predicted} | {after.hit_ratio or 0:.3%} "
        f"| {recommended} | {optimum} | {optimum / recommended:.2f} | {before.blamed_share:.1%} | {killed} |"
    )


def _optimum(lab: Lab, hierarchy: Hierarchy, cgroup: str, setting: str, before: Measured, recommended: int) -> int:
    """Return the largest limit, in MiB, that still removes `REMOVED` of the missed reads, by bisection."""

    def enough(mib: int) -> bool:
        _set(hierarchy, cgroup, setting, str(mib * MIB))
        now = _measure(lab, hierarchy)
        return now.missed / now.reads <= (1 - REMOVED) * before.missed / before.reads

    return _bisect(enough, recommended // 2, recommended * 3)


def _bisect(enough: Callable[[int], bool], low: int, high: int) -> int:
    for _ in range(STEPS):
        middle = (low + high) // 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low


def _set(hierarchy: Hierarchy, cgroup: str, setting: str, value: str) -> None:
    (hierarchy.directory(cgroup) / setting).write_text(value)


def _measure(lab: Lab, hierarchy: Hierarchy) -> Measured:
    time.sleep(SETTLE_SECONDS)
    service = resolve(lab.service, hierarchy)
    capture = pipeline.record(service, hierarchy, plan(SECONDS, 1.0), _sleep, lambda _: None)
    report = pipeline.analyse(capture, rules.load_rules())
    counts = _counts(capture)
    blamed = sum(capture.blame.reads.reads) if capture.blame else 0
    page_cache = report.measurements["page_cache"]
    reads = report.measurements["read_latency"]
    return Measured(
        report=report,
        reads=counts["hit"] + counts["missed"],
        missed=max(0, counts["missed"] - _proactive(capture)),
        blamed_share=blamed / max(1, counts["missed"]),
        hit_ratio=page_cache["service"]["hit_ratio"] if isinstance(page_cache, dict) else None,
        p99_seconds=reads.get("p99_seconds") if isinstance(reads, dict) else None,
    )


def _counts(capture: Capture) -> dict[str, int]:
    counts = {"hit": 0, "missed": 0}
    for kind, count in zip(capture.read_totals.kind, capture.read_totals.count, strict=True):
        if kind in counts:
            counts[kind] += count
    return counts


def _proactive(capture: Capture) -> int:
    if capture.blame is None:
        return 0
    table = capture.blame.reads
    return sum(n for n, cause in zip(table.reads, table.cause, strict=True) if cause == "proactive")


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


if __name__ == "__main__":
    main()
