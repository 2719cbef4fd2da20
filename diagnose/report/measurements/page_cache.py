"""The page cache: the service's hit ratio over time, and which cgroups brought how many pages in (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from diagnose.analysis.hit_ratio import hit_ratio_of
from diagnose.analysis.neighbours import host_inflow
from diagnose.report.measurements.cache_models import (
    CacheTraffic,
    DrawnTraffic,
    HitRatioSeries,
    InsertedSeries,
    PageCache,
    ServiceCache,
)
from diagnose.report.measurements.frame import TOP, Floats, Frame, ints
from diagnose.units import ratio

TOP_SERIES = 20


def page_cache(frame: Frame) -> PageCache:
    """Return the service's hit ratio and every cgroup's page-cache traffic, in pages; the largest inserters first."""
    if not frame.measured("page-cache"):
        return PageCache(service=_service(frame), inserted_pages=None, cgroups=None, cgroups_omitted=None)
    inserted, known = frame.windows.inserted_by(), frame.windows.cache_groups.known.tolist()
    order = sorted(known, key=lambda cgroup: (-inserted[cgroup], frame.path(cgroup), cgroup))
    return PageCache(
        service=_service(frame),
        inserted_pages=round(sum(inserted.values())),
        cgroups=_traffic(frame, order[:TOP]),
        cgroups_omitted=max(0, len(known) - TOP),
    )


def _service(frame: Frame) -> ServiceCache | None:
    """Return the hit ratio of the service's buffered reads; None: not measured."""
    found = hit_ratio_of(frame.windows)
    if found is None or not frame.capture.windows:
        return None
    total, ratios = found.total, found.by(frame.windows_per_point)
    return ServiceCache(
        hit_ratio=total.hit_ratio,
        hit_ratio_refused=total.contradiction,
        lowest_hit_ratio=min((r for r in ratios if r is not None), default=None),
        looked_up_pages=total.looked_up_pages,
        missed_pages=total.missed_pages,
        missed_reads=total.missed_reads,
        series=HitRatioSeries(
            hit_ratio=ratios,
            looked_up_pages=frame.merged(found.looked_up),
            missed_pages=frame.merged(found.missed),
        ),
    )


def _traffic(frame: Frame, cgroups: list[int]) -> list[DrawnTraffic | CacheTraffic]:
    """Return what some cgroups did, the first few neighbours among them also over time."""
    own = frame.is_service(np.array(cgroups, np.uint64)).tolist()
    drawn = [cgroup for cgroup, is_own in zip(cgroups, own, strict=True) if not is_own][:TOP_SERIES]
    sums = [frame.windows.cache_by(column) for column in ("looked_up", "missed", "inserted", "dirtied")]
    total = sum(frame.windows.inserted_by().values())
    rows: list[DrawnTraffic | CacheTraffic] = []
    for cgroup, is_own in zip(cgroups, own, strict=True):
        row = _row(frame, cgroup, is_own, sums, total)
        rows.append(DrawnTraffic(**dict(row), series=_inserted(frame, cgroup)) if cgroup in drawn else row)
    return rows


def _row(
    frame: Frame, cgroup: int, is_own: bool, sums: Sequence[Mapping[int, float] | None], total: float
) -> CacheTraffic:
    looked_up, missed, inserted, dirtied = (None if by is None else round(by[cgroup]) for by in sums)
    return CacheTraffic(
        cgroup=frame.path(cgroup),
        is_service=is_own,
        looked_up_pages=looked_up,
        missed_pages=missed,
        inserted_pages=inserted,
        dirtied_pages=dirtied,
        inserted_share=ratio(inserted, total),
    )


def _inserted(frame: Frame, cgroup: int) -> InsertedSeries:
    table, rows = frame.capture.cache, frame.windows.cache_groups.rows(cgroup)
    return InsertedSeries(inserted_pages=frame.series(ints(table.window)[rows], ints(table.inserted)[rows]))


def apportioned(frame: Frame, pages_by_window: Floats) -> tuple[list[tuple[str, int]], int] | None:
    """Share out pages (one number a window) by each cgroup's part of the host's inflow in the same window.

    Returns the cgroups with their part, largest first, and the pages that nobody gets: for the growth of anonymous
    memory, which is inflow too, and of windows in which nothing flowed in; None where insertions were not measured.
    """
    inflow, table = host_inflow(frame.windows), frame.capture.cache
    if inflow is None or frame.windows.lacks("cache.inserted"):
        return None
    groups, window, inserted = frame.windows.cache_groups, ints(table.window), ints(table.inserted)
    known = groups.known
    part = np.divide(inserted, inflow[window], out=np.zeros(inserted.size), where=inflow[window] > 0)
    pages = np.bincount(groups.index, weights=part * pages_by_window[window], minlength=known.size)
    parts = sorted((-round(float(p)), frame.path(int(c))) for c, p in zip(known, pages, strict=True) if p >= 0.5)
    return [(path, -minus) for minus, path in parts[:TOP]], round(max(0.0, float(pages_by_window.sum() - pages.sum())))
