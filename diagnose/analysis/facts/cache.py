"""Facts about the page cache of the service: hits, refaults, evictions (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import units
from diagnose.analysis.evictions import FOR_MEMORY, evicted
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.hit_ratio import hit_ratio
from diagnose.analysis.miss_ratio_curve import entered_pages, evicted_before, may_forget
from diagnose.analysis.neighbours import evicted_by
from diagnose.analysis.windows import BUFFERED, Series
from diagnose.capture.base import Cause
from diagnose.units import ratio


@fact(
    "cache.hit_ratio",
    "ratio",
    "number",
    "page-cache",
    "page-cache hit ratio of the service's reads (1 - missed/looked up, in pages)",
)
def _(f: Facts, _n: str | None) -> float | None:
    found = hit_ratio(f.windows)
    return None if found is None else found.total.hit_ratio


@fact(
    "cache.hit_ratio_by_window",
    "ratio",
    "series",
    "page-cache",
    "hit ratio of each window in which anything was looked up",
)
def _(f: Facts, _n: str | None) -> Series | None:
    found = hit_ratio(f.windows)
    return None if found is None or found.total.withheld else np.array(found.by(), np.float64)


@fact("cache.missed", "pages", "series", "page-cache", "pages looked up by the service's reads and absent")
def _(f: Facts, _n: str | None) -> Series | None:
    return f.windows.read_total("missed_pages", BUFFERED) if f.measured_misses else None


@fact(
    "cache.refaults",
    "pages",
    "series",
    "cgroups",
    "refaults of the service's pages (workingset_refault_file: evicted pages wanted again)",
)
def _(f: Facts, _n: str | None) -> Series | None:
    return f.windows.increase(f.windows.capture.service.cgroup_id, "refault_file_pages")


@fact(
    "cache.came_back",
    "",
    "text",
    "cgroups",
    "the refaults of the service's pages, why they may be more than were missed, how many were evicted before",
)
def _(f: Facts, _n: str | None) -> str | None:
    back, before, entered = f.number("cache.refaults"), evicted_before(f.windows), entered_pages(f.windows)
    if back is None:
        return None
    notes = []
    if before:
        which = "all" if before == back else units.count(before)
        since = ", or forgotten since" if may_forget(f.windows) else ""
        notes.append(f"{which} of them evicted before the capture began{since}")
    if entered is not None and back > entered:
        meanwhile = f"{units.pages(entered)} entered its cache in the capture"
        notes.append(f"by the kernel's count, which comes up to 2 s late: {meanwhile}")
    told = f"{units.pages(back)} again after {units.plural(back, 'its', 'their')} eviction"
    return f"{told} ({'; '.join(notes)})" if notes else told


@fact(
    "evictions.of_service",
    "pages",
    "series",
    "evictions",
    "pages evicted from the service's page cache (not by truncation or unlink)",
)
def _(f: Facts, _n: str | None) -> Series | None:
    return evicted(f.windows)


def _share_of_evictions(f: Facts, series: Series | None) -> float | None:
    return ratio(total(series), total(f.value("evictions.of_service")))


@fact(
    "evictions.by_neighbours_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that neighbours removed",
)
def _(f: Facts, _n: str | None) -> float | None:
    parts = [f.value("neighbour.evicted_of_service", n) for n in f.neighbours]
    if any(p is None for p in parts):
        return None
    zero = np.zeros(f.windows.count)
    return _share_of_evictions(f, sum(parts, zero))


@fact(
    "evictions.by_self_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that its own reclaim removed",
)
def _(f: Facts, _n: str | None) -> float | None:
    parts = evicted_by(f.windows, f.windows.service_ids)
    return None if parts is None else _share_of_evictions(f, parts[0] + parts[1])


def _cause_share(f: Facts, *causes: Cause) -> float | None:
    return _share_of_evictions(f, f.windows.evictions(causes, f.windows.service_ids))


@fact(
    "evictions.pressure_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that were removed because somebody needed the memory, whoever that was",
)
def _(f: Facts, _n: str | None) -> float | None:
    return _cause_share(f, *FOR_MEMORY)


@fact(
    "evictions.proactive_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that proactive reclaim removed",
)
def _(f: Facts, _n: str | None) -> float | None:
    return _cause_share(f, "proactive")


@fact(
    "evictions.kswapd_share", "ratio", "number", "evictions", "share of the service's evicted pages that kswapd removed"
)
def _(f: Facts, _n: str | None) -> float | None:
    return _cause_share(f, "kswapd")


@fact(
    "evictions.dropped_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that drop_caches removed",
)
def _(f: Facts, _n: str | None) -> float | None:
    return _cause_share(f, "drop-caches")
