"""Facts about one neighbour at a time (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import units
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.neighbours import evicted_by
from diagnose.analysis.windows import Series
from diagnose.units import ratio


@fact(
    "neighbour.evicted_of_service",
    "pages",
    "series",
    "evictions",
    "pages of the service that its reclaim removed",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> Series | None:
    parts = evicted_by(f.windows, f.ids(n))
    return None if parts is None else parts[0] + parts[1]


@fact(
    "neighbour.seen_evicting",
    "pages",
    "series",
    "evictions",
    "pages of the service that its own tasks removed, as the kernel saw; kswapd's are left out",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> Series | None:
    parts = evicted_by(f.windows, f.ids(n))
    return None if parts is None else parts[0]


@fact(
    "neighbour.seen_evicting_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that its own tasks removed, as the kernel saw",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return ratio(total(f.value("neighbour.seen_evicting", n)), total(f.value("evictions.of_service")))


@fact(
    "neighbour.evicted_told",
    "",
    "text",
    "evictions",
    "the pages of the service that its reclaim removed, and how many of them are an estimate",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> str | None:
    pages, estimated = f.number("neighbour.evicted_of_service", n), f.number("neighbour.apportioned_pages", n)
    if pages is None:
        return None
    if not estimated:
        return units.pages(pages)
    return (
        f"{units.pages(pages)}; of those kswapd removed {units.pages(estimated)}, laid to it by its part of the "
        "inflow: an estimate"
    )


@fact(
    "neighbour.eviction_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that it removed",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return ratio(total(f.value("neighbour.evicted_of_service", n)), total(f.value("evictions.of_service")))


@fact(
    "neighbour.apportioned_pages",
    "pages",
    "number",
    "evictions",
    "pages of the service that kswapd removed, laid to it by its part of the inflow",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    parts = evicted_by(f.windows, f.ids(n))
    return None if parts is None else total(parts[1])


@fact(
    "neighbour.apportioned_share",
    "ratio",
    "number",
    "evictions",
    "share of the evictions laid to it that kswapd made, by its part of the inflow",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    parts = evicted_by(f.windows, f.ids(n))
    return None if parts is None else ratio(total(parts[1]), total(parts[0] + parts[1]))


@fact("neighbour.inserted", "pages", "series", "page-cache", "pages it added to the page cache", scope="neighbour")
def _(f: Facts, n: str | None) -> Series | None:
    return f.windows.cache("inserted", f.ids(n))


@fact(
    "neighbour.inserted_share",
    "ratio",
    "number",
    "page-cache",
    "share of all pages added to the page cache that it added",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return ratio(total(f.value("neighbour.inserted", n)), total(f.windows.cache("inserted")))


@fact(
    "neighbour.inserted_share_of_others",
    "ratio",
    "number",
    "page-cache",
    "share of the pages added to the page cache by all but the service that it added",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    everybody, service = f.windows.cache("inserted"), f.windows.cache("inserted", f.windows.service_ids)
    if everybody is None or service is None:
        return None
    return ratio(total(f.value("neighbour.inserted", n)), total(everybody - service))


@fact("neighbour.cache_bytes", "bytes", "series", "cgroups", "page cache charged to it", scope="neighbour")
def _(f: Facts, n: str | None) -> Series | None:
    return None if n is None else f.windows.gauge_of(n, "file_bytes")


@fact(
    "neighbour.cache_growth",
    "bytes",
    "number",
    "cgroups",
    "highest less first page cache charged to it during the capture",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    cache = f.value("neighbour.cache_bytes", n)
    if cache is None or np.isnan(cache).all():
        return None
    return float(np.nanmax(cache) - cache[~np.isnan(cache)][0])
