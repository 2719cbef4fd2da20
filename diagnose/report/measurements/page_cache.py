"""The page cache: the service's hit ratio over time, and which cgroups brought how many pages in (pure)."""

from __future__ import annotations

from typing import Any

import numpy as np

from diagnose.analysis.hit_ratio import hit_ratio
from diagnose.analysis.neighbours import host_inflow
from diagnose.report.measurements.frame import TOP, Floats, Frame, Node, ints, sums_by, whole
from diagnose.units import ratio

TOP_SERIES = 20


def page_cache(frame: Frame) -> Node:
    """Return the service's hit ratio (1 - missed/looked up, in pages) and every cgroup's page-cache traffic."""
    return {"service": _service(frame), **_traffic(frame)}


def _service(frame: Frame) -> Node | None:
    """Return the hit ratio of the service's buffered reads; None: not measured. Withheld: a code says why."""
    found = hit_ratio(frame.windows)
    if found is None or not frame.capture.windows:
        return None
    total, ratios = found.total, found.by(frame.windows_per_point)
    return {
        "hit_ratio": total.hit_ratio,
        "hit_ratio_refused": None if total.withheld == "nothing-looked-up" else total.withheld,
        "lowest_hit_ratio": min((r for r in ratios if r is not None), default=None),
        "looked_up_pages": total.looked_up_pages,
        "missed_pages": total.missed_pages,
        "missed_reads": total.missed_reads,
        "series": {
            "hit_ratio": ratios,
            "looked_up_pages": frame.merged(found.looked_up),
            "missed_pages": frame.merged(found.missed),
        },
    }


def _traffic(frame: Frame) -> Node:
    """Return what each cgroup looked up, missed, inserted and dirtied, in pages; the largest inserters first."""
    table = frame.capture.cache
    if not frame.measured("page-cache"):
        return {"inserted_pages": None, "cgroups": None, "cgroups_omitted": None}
    groups = frame.windows.cache_groups
    known, index = groups.known, groups.index
    columns = {
        "looked_up": table.looked_up,
        "missed": table.missed,
        "inserted": table.inserted,
        "dirtied": table.dirtied,
    }
    sums = {
        f"{name}_pages": None
        if column is None or frame.windows.lacks(f"cache.{name}")
        else sums_by(index, ints(column), known.size)
        for name, column in columns.items()
    }
    inserted = sums_by(index, ints(table.inserted), known.size)
    order = sorted(range(known.size), key=lambda i: (-int(inserted[i]), frame.path(int(known[i])), int(known[i])))
    own = frame.is_service(known)
    listed = [_row(frame, int(known[i]), bool(own[i]), i, sums, int(inserted.sum())) for i in order[:TOP]]
    _add_series(frame, listed, [int(known[i]) for i in order])
    return {"inserted_pages": int(inserted.sum()), "cgroups": listed, "cgroups_omitted": max(0, known.size - TOP)}


def _row(frame: Frame, cgroup: int, own: bool, i: int, sums: dict[str, Any], total: int) -> Node:
    values = {name: None if column is None else int(column[i]) for name, column in sums.items()}
    return {
        "cgroup": frame.path(cgroup),
        "is_service": own,
        **values,
        "inserted_share": ratio(values["inserted_pages"], total),
    }


def _add_series(frame: Frame, listed: list[Node], cgroups: list[int]) -> None:
    """Give the first few neighbours a series of the pages they inserted."""
    table = frame.capture.cache
    neighbours = [(row, c) for row, c in zip(listed, cgroups, strict=False) if not row["is_service"]][:TOP_SERIES]
    for row, cgroup in neighbours:
        rows = frame.windows.cache_groups.rows(cgroup)
        row["series"] = {"inserted_pages": frame.series(ints(table.window)[rows], ints(table.inserted)[rows])}


def apportioned(frame: Frame, pages_by_window: Floats) -> tuple[list[Node], int] | None:
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
    rest = whole(np.array([max(0.0, float(pages_by_window.sum() - pages.sum()))]))[0]
    parts = sorted((-round(float(p)), frame.path(int(c))) for c, p in zip(known, pages, strict=True) if p >= 0.5)
    return [{"cgroup": path, "pages": -minus} for minus, path in parts[:TOP]], rest
