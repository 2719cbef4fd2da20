"""Who removed whose pages from the page cache, and why: the eviction matrix and the service's part of it (pure)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.windows import CAUSES
from diagnose.report.measurements.frame import TOP, Frame, Ids, Ints, Node, codes, ids, ints, sums_by
from diagnose.report.measurements.page_cache import apportioned
from diagnose.units import ratio

BY = ("neighbours", "self", "kswapd", "proactive", "dropped", "unknown", "truncated")
_BY_CAUSE = {
    "kswapd": "kswapd",
    "proactive": "proactive",
    "drop-caches": "dropped",
    "invalidate": "dropped",
    "truncate": "truncated",
}
_LABELS = {"kswapd": "kswapd (kernel)", "proactive": "proactive reclaim (DAMON/memory.reclaim)"}


def evictions(frame: Frame) -> Node | None:
    """Return evicted pages by evictor, victim and cause, and over time for the service; None if not measured.

    `of_service_pages` leaves out truncation and unlink: those pages were thrown away, not pushed out. Among
    `of_service_by_pages`, `self` is its own reclaim, `dropped` what drop_caches, fadvise or the like removed.
    """
    table = frame.capture.evictions
    if not frame.measured("evictions"):
        return None
    window, pages = ints(table.window), ints(table.pages)
    evictor, victim, cause = ids(table.evictor), ids(table.victim), codes(table.cause, CAUSES)
    mine = frame.is_service(victim)
    by = _by(frame, evictor, cause)
    of_service = sums_by(by[mine], pages[mine], len(BY))
    pushed_out = mine & (by != BY.index("truncated"))
    # What the service itself gave away (fadvise) nobody else took.
    own = pushed_out & ((by == BY.index("self")) | ((by == BY.index("dropped")) & frame.is_service(evictor)))
    others = pushed_out & ~own
    return {
        "total_pages": int(pages.sum()),
        "by_cause_pages": dict(zip(CAUSES, sums_by(cause, pages, len(CAUSES)).tolist(), strict=True)),
        "of_service_pages": int(pages[pushed_out].sum()),
        "of_service_by_pages": dict(zip(BY, of_service.tolist(), strict=True)),
        **_matrix(frame, evictor, victim, cause, pages),
        **_kswapd(frame, window, pages, mine & (cause == CAUSES.index("kswapd"))),
        "series": {
            "of_service_by_others_pages": frame.series(window[others], pages[others]),
            "of_service_by_self_pages": frame.series(window[own], pages[own]),
        },
    }


def _by(frame: Frame, evictor: Ids, cause: Ints) -> Ints:
    """Return for every row the position in `BY` of who is behind the eviction, seen from the service."""
    by = np.where(frame.is_service(evictor), BY.index("self"), BY.index("neighbours"))
    by[evictor == 0] = BY.index("unknown")
    for name, who in _BY_CAUSE.items():
        by[cause == CAUSES.index(name)] = BY.index(who)
    return by.astype(np.int64)


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


def _kswapd(frame: Frame, window: Ints, pages: Ints, rows: NDArray[np.bool_]) -> Node:
    """Return kswapd's evictions of the service, apportioned by inflow in the same window: an estimate, and named so."""
    by_window = np.bincount(window[rows], weights=pages[rows], minlength=frame.capture.windows).astype(np.float64)
    total = int(by_window.sum())
    shared = apportioned(frame, by_window) if total else ([], 0)
    if shared is None:
        return {"kswapd_apportioned": None, "kswapd_unapportioned_pages": total}
    parts = [{**row, "share": ratio(row["pages"], total)} for row in shared[0]]
    return {"kswapd_apportioned": parts, "kswapd_unapportioned_pages": shared[1]}
