"""What came of the limits that were tried, as sections of ACCURACY.md (pure)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from diagnose import units
from tests.accuracy.sizing import AFTERWARDS, AGREED, BLAMED, POINTS, RATIO, REMOVED, WIDEST, Sized
from tests.accuracy.trial import SECONDS

HEAD = (
    "| Scenario | Recommended | Optimum | Ratio | Slow reads removed | without proactive | Missed reads removed, "
    "without proactive | Hit ratio predicted | measured | OOM kills | Blamed share | Blame agrees | Holds |",
    "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|",
)


def line(row: Sized) -> str:
    """Return a row of the table."""
    cells = (
        row.scenario,
        " ".join(filter(None, (row.recommended, row.tried))).replace("|", " "),
        row.optimum,
        "–" if row.ratio is None else f"{row.ratio:.2f}",
        _median(row.slow_removed),
        *("–" if share is None else units.percent(share) for share in (row.slow_avoided, row.removed)),
        *("–" if points is None else f"{points:.2f} %" for points in (row.predicted, row.measured)),
        f"{row.killed}{'' if row.alive else ', a workload ended'}",
        *("–" if share is None else units.percent(share) for share in (row.blamed, row.agreed)),
        "yes" if row.holds else f"no: {', '.join(row.missing()) or 'killed'}",
    )
    return f"| {' | '.join(cells)} |"


def _median(shares: Sequence[float]) -> str:
    if not shares:
        return "–"
    lowest, highest = units.percent(min(shares)), units.percent(max(shares))
    return f"{units.percent(statistics.median(shares))} ({lowest} to {highest})"


def section(rows: Sequence[Sized], host: str) -> tuple[str, bool]:
    """Return the section of the page, and whether all that must hold holds; `host`: what it ran on."""
    lines = [
        "## Limits",
        "",
        f"The recommended limits set by hand, {SECONDS:.0f} s before and {AFTERWARDS} times after that, of which the "
        f"median counts ({host}); then bisected for the largest containment, or the smallest raised limit, that still "
        f"removes {units.percent(REMOVED)} of the missed reads (up to a factor of {WIDEST:g} away), each time from an "
        "empty cache of the service on, and once it has lost pages as at first. The host's "
        "proactive reclaim (DAMON, where it runs) evicts pages of the service whatever the limits: reads that waited "
        "for those are among the slow reads, and left out of the next two columns. Blame agrees where a read blamed on "
        "reclaim under pressure names one of the lab's culprits, without one the service itself; a service short of "
        f"room also evicts pages of its own. Demanded: {units.percent(REMOVED)} of these slow and of these missed "
        f"reads removed, ratio at most {RATIO:g}, prediction within {POINTS:g} points, no OOM kill; of noisy-neighbour "
        f"also a blamed share of {units.percent(BLAMED)} and {units.percent(AGREED)} agreement. On cgroup v1 there is "
        "no protection: see below.",
        "",
        *HEAD,
        *map(line, rows),
    ]
    return "\n".join(lines), all(row.holds for row in rows)


def section_of_guests(rows: Sequence[tuple[str, Sized]], version: Literal[1, 2], seconds: float) -> tuple[str, bool]:
    """Return the same for guests, (kernel, row) each, by the version of their cgroups, measured for so many seconds."""
    lines = [
        *(_of_v1([row for _, row in rows], seconds) if version == 1 else _of_v2(seconds)),
        "",
        *HEAD,
        *(line(replace(row, scenario=f"{row.scenario}, Linux {kernel}")) for kernel, row in rows),
    ]
    return "\n".join(lines), bool(rows) and all(row.holds for _, row in rows)


def _of_v1(rows: Sequence[Sized], seconds: float) -> tuple[str, ...]:
    fewer = " and ".join(units.percent(row.slow_fewer) for row in rows if row.slow_fewer is not None)
    return (
        "## Limits on cgroup v1 without proactive reclaim",
        "",
        "The lab's noisy-neighbour in guests (`python -m tests.accuracy sizing-v1`), emulated, of those Debian kernels "
        "that have the memory controller of cgroup v1: service and batch job share memory.limit_in_bytes of their "
        "parent, at which reclaim evicts, no DAMON runs, and all the slow reads are judged. "
        f"{seconds:.0f} s are measured each time. One emulated CPU serves both, and the service fetches slowly what it "
        "lost, a part of it lost before the capture began, and evicts pages of its own meanwhile: whom blame names is "
        "shown, and not judged here. Once it waits no more it also reads more; the number of its slow reads, not only "
        f"their share, fell by {fewer or 'an unknown part'}.",
    )


def _of_v2(seconds: float) -> tuple[str, ...]:
    return (
        "## Limits and protection on cgroup v2",
        "",
        "The same in guests (emulated, Debian's kernels), in the story's pure form: nobody has a limit, the batch job "
        "floods the host's cache, kswapd evicts, and no proactive reclaim runs; an emulated service takes longer to go "
        f"through its files, so that {seconds:.0f} s are measured each time. What kswapd evicts names nobody: whether "
        "blame agrees is not judged. The pair is bisected one by one: the largest containment (memory.high and "
        "memory.max) without protection, the smallest protection (memory.low) without containment, each time from an "
        "empty cache of the service on, and once it has lost pages as at first. The ratio is that of the farther one; "
        f"a protection that does not do alone, even {WIDEST:g} times as large, has none. Since Linux 6.3 reclaim by "
        "generations (on in Debian's 6.12) passes over a protected cgroup only once before it takes from it "
        "(shrink_one in mm/vmscan.c): there memory.low is not recommended, and what it does alone is shown.",
    )
