"""Facts about one neighbour at a time (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.analysis.facts.vocabulary import Facts, neighbour_fact, total
from diagnose.analysis.neighbours import evicted_by
from diagnose.analysis.windows import Series
from diagnose.units import ratio


@dataclass(frozen=True)
class EvictedByNeighbour:
    """The pages of the service that a neighbour's reclaim removed; those of kswapd among them are an estimate."""

    pages: float
    estimated_pages: float


@neighbour_fact("neighbour.evicted_of_service", "pages", "series", "evictions")
def evicted_of_service(f: Facts, neighbour: str) -> Series | None:
    """Pages of the service that its reclaim removed."""
    parts = evicted_by(f.windows, f.ids(neighbour))
    return None if parts is None else parts[0] + parts[1]


@neighbour_fact("neighbour.seen_evicting", "pages", "series", "evictions")
def seen_evicting(f: Facts, neighbour: str) -> Series | None:
    """Pages of the service that its own tasks removed, as the kernel saw; kswapd's are left out."""
    parts = evicted_by(f.windows, f.ids(neighbour))
    return None if parts is None else parts[0]


@neighbour_fact("neighbour.seen_evicting_share", "ratio", "number", "evictions")
def seen_evicting_share(f: Facts, neighbour: str) -> float | None:
    """Share of the service's evicted pages that its own tasks removed, as the kernel saw."""
    return ratio(total(f.value("neighbour.seen_evicting", neighbour)), total(f.value("evictions.of_service")))


@neighbour_fact("neighbour.evicted_told", "", "text", "evictions")
def evicted_and_estimated(f: Facts, neighbour: str) -> EvictedByNeighbour | None:
    """The pages of the service that its reclaim removed, and how many of them are an estimate."""
    pages = f.number("neighbour.evicted_of_service", neighbour)
    estimated = f.number("neighbour.apportioned_pages", neighbour)
    return None if pages is None else EvictedByNeighbour(pages, estimated or 0.0)


@neighbour_fact("neighbour.eviction_share", "ratio", "number", "evictions")
def eviction_share(f: Facts, neighbour: str) -> float | None:
    """Share of the service's evicted pages that it removed."""
    return ratio(total(f.value("neighbour.evicted_of_service", neighbour)), total(f.value("evictions.of_service")))


@neighbour_fact("neighbour.apportioned_pages", "pages", "number", "evictions")
def apportioned_pages(f: Facts, neighbour: str) -> float | None:
    """Pages of the service that kswapd removed, laid to it by its part of the inflow."""
    parts = evicted_by(f.windows, f.ids(neighbour))
    return None if parts is None else total(parts[1])


@neighbour_fact("neighbour.apportioned_share", "ratio", "number", "evictions")
def apportioned_share(f: Facts, neighbour: str) -> float | None:
    """Share of the evictions laid to it that kswapd made, by its part of the inflow."""
    parts = evicted_by(f.windows, f.ids(neighbour))
    return None if parts is None else ratio(total(parts[1]), total(parts[0] + parts[1]))


@neighbour_fact("neighbour.inserted", "pages", "series", "page-cache")
def inserted_pages(f: Facts, neighbour: str) -> Series | None:
    """Pages it added to the page cache."""
    return f.windows.cache("inserted", f.ids(neighbour))


@neighbour_fact("neighbour.inserted_share", "ratio", "number", "page-cache")
def inserted_share(f: Facts, neighbour: str) -> float | None:
    """Share of all pages added to the page cache that it added."""
    return ratio(total(f.value("neighbour.inserted", neighbour)), total(f.windows.cache("inserted")))


@neighbour_fact("neighbour.inserted_share_of_others", "ratio", "number", "page-cache")
def inserted_share_of_others(f: Facts, neighbour: str) -> float | None:
    """Share of the pages added to the page cache by all but the service that it added."""
    everybody, service = f.windows.cache("inserted"), f.windows.cache("inserted", f.windows.service_ids)
    if everybody is None or service is None:
        return None
    return ratio(total(f.value("neighbour.inserted", neighbour)), total(everybody - service))


@neighbour_fact("neighbour.cache_bytes", "bytes", "series", "cgroups")
def cache_bytes(f: Facts, neighbour: str) -> Series | None:
    """Page cache charged to it."""
    return f.windows.gauge_of(neighbour, "file_bytes")


@neighbour_fact("neighbour.cache_growth", "bytes", "number", "cgroups")
def cache_growth(f: Facts, neighbour: str) -> float | None:
    """Highest less first page cache charged to it during the capture."""
    cache = f.value("neighbour.cache_bytes", neighbour)
    if cache is None or np.isnan(cache).all():
        return None
    return float(np.nanmax(cache) - cache[~np.isnan(cache)][0])
