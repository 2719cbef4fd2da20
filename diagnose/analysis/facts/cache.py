"""Facts about the page cache of the service: hits, refaults, evictions (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.analysis.evictions import FOR_MEMORY, by_whom, evicted
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.hit_ratio import hit_ratio_of
from diagnose.analysis.miss_ratio_curve import entered_pages, evicted_before, may_forget
from diagnose.analysis.neighbours import evicted_by
from diagnose.analysis.windows import BUFFERED, Series
from diagnose.capture.base import Cause
from diagnose.units import ratio


@dataclass(frozen=True)
class CameBack:
    """The pages of the service that were read again after their eviction."""

    pages: float
    evicted_before_pages: int | None
    """Of them: evicted before the capture began, or forgotten since; None: which they are was not followed."""
    may_forget: bool
    """Whether evictions during the capture may have been forgotten."""
    entered_pages: int | None
    """What entered the cache during the capture; None: not measured."""


@fact("cache.hit_ratio", "ratio", "number", "page-cache")
def hit_ratio(f: Facts) -> float | None:
    """Page-cache hit ratio of the service's reads (1 - missed/looked up, in pages)."""
    found = hit_ratio_of(f.windows)
    return None if found is None else found.total.hit_ratio


@fact("cache.hit_ratio_by_window", "ratio", "series", "page-cache")
def hit_ratio_by_window(f: Facts) -> Series | None:
    """Hit ratio of each window in which anything was looked up."""
    found = hit_ratio_of(f.windows)
    return None if found is None or found.total.withheld else np.array(found.by(), np.float64)


@fact("cache.missed", "pages", "series", "page-cache")
def missed_pages(f: Facts) -> Series | None:
    """Pages looked up by the service's reads and absent."""
    return f.windows.read_total("missed_pages", BUFFERED) if f.measured_misses else None


@fact("cache.refaults", "pages", "series", "cgroups")
def refaulted_pages(f: Facts) -> Series | None:
    """Refaults of the service's pages (workingset_refault_file: evicted pages wanted again)."""
    return f.windows.increase(f.windows.capture.service.cgroup_id, "refault_file_pages")


@fact("cache.came_back", "", "text", "cgroups")
def came_back(f: Facts) -> CameBack | None:
    """The refaults of the service's pages, why they may be more than were missed, how many were evicted before."""
    back = f.number("cache.refaults")
    if back is None:
        return None
    return CameBack(back, evicted_before(f.windows), may_forget(f.windows), entered_pages(f.windows))


@fact("evictions.of_service", "pages", "series", "evictions")
def evicted_pages(f: Facts) -> Series | None:
    """Pages evicted from the service's page cache (not by truncation or unlink)."""
    return evicted(f.windows)


def _share_of_evictions(f: Facts, series: Series | None) -> float | None:
    return ratio(total(series), total(f.value("evictions.of_service")))


@fact("evictions.by_neighbours_share", "ratio", "number", "evictions")
def by_neighbours_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that neighbours removed."""
    parts = [f.value("neighbour.evicted_of_service", n) for n in f.neighbours]
    if any(p is None for p in parts):
        return None
    zero = np.zeros(f.windows.count)
    return _share_of_evictions(f, sum(parts, zero))


@fact("evictions.by_self_share", "ratio", "number", "evictions")
def by_self_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that its own reclaim removed.

    With what kswapd evicted for it, by its part of the inflow: an estimate.
    """
    parts = evicted_by(f.windows, f.windows.service_ids)
    return None if parts is None else _share_of_evictions(f, parts[0] + parts[1])


@fact("evictions.seen_by_self_share", "ratio", "number", "evictions")
def seen_by_self_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that its own tasks removed, as the kernel saw."""
    by = by_whom(f.windows)
    return None if by is None else _share_of_evictions(f, by["self"])


def _cause_share(f: Facts, *causes: Cause) -> float | None:
    return _share_of_evictions(f, f.windows.evictions(causes, f.windows.service_ids))


@fact("evictions.pressure_share", "ratio", "number", "evictions")
def pressure_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that were removed because somebody needed the memory, whoever that was."""
    return _cause_share(f, *FOR_MEMORY)


@fact("evictions.proactive_share", "ratio", "number", "evictions")
def proactive_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that proactive reclaim removed."""
    return _cause_share(f, "proactive")


@fact("evictions.kswapd_share", "ratio", "number", "evictions")
def kswapd_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that kswapd removed."""
    return _cause_share(f, "kswapd")


@fact("evictions.dropped_share", "ratio", "number", "evictions")
def dropped_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that drop_caches removed."""
    return _cause_share(f, "drop-caches")
