"""Who removed whose pages from the page cache, and why: the eviction matrix and the service's part of it (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.evictions import by_the_service, by_whom, evicted
from diagnose.analysis.windows import CAUSES
from diagnose.capture.base import Cause
from diagnose.report.measurements.eviction_models import Apportioned, Evictions, EvictionSeries, Removed
from diagnose.report.measurements.frame import TOP, Floats, Frame, Ints, codes, ids, ints, sums_by
from diagnose.report.measurements.page_cache import apportioned
from diagnose.units import ratio

_LABELS = {"kswapd": "kswapd (kernel)", "proactive": "proactive reclaim (DAMON/memory.reclaim)"}


def evictions(frame: Frame) -> Evictions | None:
    """Return evicted pages by evictor, victim and cause, and over time for the service; None if not measured."""
    by, lost, own = by_whom(frame.windows), evicted(frame.windows), by_the_service(frame.windows)
    if by is None or lost is None or own is None or not frame.measured("evictions"):
        return None
    pages, cause = ints(frame.capture.evictions.pages), codes(frame.capture.evictions.cause, CAUSES)
    rows, (shared, nobodys) = _matrix(frame, cause, pages), _kswapd(frame, by["kswapd"])
    return Evictions(
        total_pages=int(pages.sum()),
        by_cause_pages=dict(zip(CAUSES, sums_by(cause, pages, len(CAUSES)).tolist(), strict=True)),
        of_service_pages=int(lost.sum()),
        of_service_by_pages={who: int(by_window.sum()) for who, by_window in by.items()},
        matrix=[_removed(frame, row) for row in rows[:TOP]],
        matrix_omitted_rows=len(rows[TOP:]),
        matrix_omitted_pages=-sum(minus for _, minus, *_ in rows[TOP:]),
        kswapd_apportioned=shared,
        kswapd_unapportioned_pages=nobodys,
        series=EvictionSeries(
            of_service_by_others_pages=frame.merged(lost - own), of_service_by_self_pages=frame.merged(own)
        ),
    )


def evictor_label(path: str, cause: str) -> str:
    """Return who evicted, as a person would say it: the kernel's own threads run in the root cgroup."""
    return _LABELS.get(cause, path) if path == "/" else path


def _matrix(frame: Frame, cause: Ints, pages: Ints) -> list[tuple[bool, int, str, str, Cause]]:
    """Return (whether the victim is not the service, -pages, evictor, victim, cause), sorted."""
    evictor, victim = ids(frame.capture.evictions.evictor), ids(frame.capture.evictions.victim)
    known, both = np.unique(np.concatenate([evictor, victim]), return_inverse=True)
    from_, of = both[: evictor.size], both[evictor.size :]
    keys, index = np.unique((from_ * max(1, known.size) + of) * len(CAUSES) + cause, return_inverse=True)
    own, rows = frame.is_service(known), []
    for key, total in zip(keys.tolist(), sums_by(index, pages, keys.size).tolist(), strict=True):
        pair, cause_ = divmod(key, len(CAUSES))
        from_i, of_i = divmod(pair, known.size)
        paths = frame.path(int(known[from_i])), frame.path(int(known[of_i]))
        rows.append((not own[of_i], -total, *paths, CAUSES[cause_]))
    return sorted(rows)


def _removed(frame: Frame, row: tuple[bool, int, str, str, Cause]) -> Removed:
    foreign, minus, evictor, victim, cause = row
    return Removed(
        evictor=evictor,
        evictor_label=evictor_label(evictor, cause),
        victim=victim,
        victim_is_service=not foreign,
        cause=cause,
        pages=-minus,
        bytes=-minus * frame.capture.host.page_bytes,
    )


def _kswapd(frame: Frame, by_window: Floats) -> tuple[list[Apportioned] | None, int]:
    """Return kswapd's evictions of the service, apportioned by inflow in the same window, and those of nobody.

    It is an estimate, and named so.
    """
    total = int(by_window.sum())
    shared = apportioned(frame, by_window) if total else ([], 0)
    if shared is None:
        return None, total
    return [Apportioned(cgroup=path, pages=n, share=ratio(n, total)) for path, n in shared[0]], shared[1]
