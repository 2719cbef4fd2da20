"""Who removed whose pages from the page cache, and why: the eviction matrix and the service's part of it (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.evictions import by_the_service, by_whom, evicted
from diagnose.analysis.windows import CAUSES
from diagnose.report.measurements.frame import TOP, Floats, Frame, Ids, Ints, Node, codes, ids, ints, sums_by
from diagnose.report.measurements.page_cache import apportioned
from diagnose.units import ratio

_LABELS = {"kswapd": "kswapd (kernel)", "proactive": "proactive reclaim (DAMON/memory.reclaim)"}


def evictions(frame: Frame) -> Node | None:
    """Return evicted pages by evictor, victim and cause, and over time for the service; None if not measured.

    `of_service_pages` leaves out truncation and unlink: those pages were thrown away, not pushed out. Among
    `of_service_by_pages`, `self` is its own reclaim, `dropped` what drop_caches, fadvise or the like removed.
    """
    by, lost, own = by_whom(frame.windows), evicted(frame.windows), by_the_service(frame.windows)
    if by is None or lost is None or own is None or not frame.measured("evictions"):
        return None
    table = frame.capture.evictions
    pages, cause = ints(table.pages), codes(table.cause, CAUSES)
    return {
        "total_pages": int(pages.sum()),
        "by_cause_pages": dict(zip(CAUSES, sums_by(cause, pages, len(CAUSES)).tolist(), strict=True)),
        "of_service_pages": int(lost.sum()),
        "of_service_by_pages": {who: int(by_window.sum()) for who, by_window in by.items()},
        **_matrix(frame, ids(table.evictor), ids(table.victim), cause, pages),
        **_kswapd(frame, by["kswapd"]),
        "series": {
            "of_service_by_others_pages": frame.merged(lost - own),
            "of_service_by_self_pages": frame.merged(own),
        },
    }


def evictor_label(path: str, cause: str) -> str:
    """Return who evicted, as a person would say it: the kernel's own threads run in the root cgroup."""
    return _LABELS.get(cause, path) if path == "/" else path


def _matrix(frame: Frame, evictor: Ids, victim: Ids, cause: Ints, pages: Ints) -> Node:
    """Return the rows of the matrix: those whose victim is the service first, then by pages."""
    known, both = np.unique(np.concatenate([evictor, victim]), return_inverse=True)
    from_, of = both[: evictor.size], both[evictor.size :]
    keys, index = np.unique((from_ * max(1, known.size) + of) * len(CAUSES) + cause, return_inverse=True)
    sums = sums_by(index, pages, keys.size)
    own = frame.is_service(known)
    rows = []
    for key, total in zip(keys.tolist(), sums.tolist(), strict=True):
        pair, cause_ = divmod(key, len(CAUSES))
        from_i, of_i = divmod(pair, known.size)
        paths = frame.path(int(known[from_i])), frame.path(int(known[of_i]))
        rows.append((not own[of_i], -total, *paths, CAUSES[cause_]))
    rows.sort()
    page_bytes = frame.capture.host.page_bytes
    listed = [
        {
            "evictor": from_path,
            "evictor_label": evictor_label(from_path, why),
            "victim": of_path,
            "victim_is_service": not foreign,
            "cause": why,
            "pages": -minus,
            "bytes": -minus * page_bytes,
        }
        for foreign, minus, from_path, of_path, why in ((bool(r[0]), *r[1:]) for r in rows[:TOP])
    ]
    left_out = rows[TOP:]
    return {
        "matrix": listed,
        "matrix_omitted_rows": len(left_out),
        "matrix_omitted_pages": -sum(r[1] for r in left_out),
    }


def _kswapd(frame: Frame, by_window: Floats) -> Node:
    """Return kswapd's evictions of the service, apportioned by inflow in the same window: an estimate, and named so."""
    total = int(by_window.sum())
    shared = apportioned(frame, by_window) if total else ([], 0)
    if shared is None:
        return {"kswapd_apportioned": None, "kswapd_unapportioned_pages": total}
    parts = [{**row, "share": ratio(row["pages"], total)} for row in shared[0]]
    return {"kswapd_apportioned": parts, "kswapd_unapportioned_pages": shared[1]}
