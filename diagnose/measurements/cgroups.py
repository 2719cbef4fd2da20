"""The cgroups with their page cache at the start, at its peak and at the end, their limits and refaults (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diagnose.measurements.frame import (
    TOP,
    Frame,
    Ints,
    Node,
    difference,
    ids,
    ints,
    merge_growth,
    merge_levels,
    sums_by,
)

TOP_SERIES = 5
_LEVELS = ("file_bytes", "usage_bytes", "anon_bytes")
_COUNTERS = ("refault_file_pages", "limit_hits", "io_read_bytes", "io_written_bytes")
_GROWING = ("refault_file_pages", "io_read_bytes")


def cgroups(frame: Frame) -> Node | None:
    """Return the service, then who evicted most of its pages, inserted most, or held most; None if none was read.

    A reading is of a cgroup and everything below it, so a parent's includes its children's.
    """
    samples = frame.capture.cgroup_samples
    if not samples.window and not frame.capture.cgroups:
        return None
    known, rows = _rows_by_cgroup(frame)
    order = _order(frame, known, rows)
    listed = [_cgroup(frame, cgroup, rows.get(cgroup, [])) for cgroup in order[:TOP]]
    for node, cgroup in zip(listed[:TOP_SERIES], order, strict=False):
        if cgroup in rows:
            taken = rows[cgroup]
            windows = [samples.window[i] for i in taken]
            node["series"] = {
                "file_bytes": merge_levels(windows, _column(frame, "file_bytes", taken), frame),
                **{k: merge_growth(windows, _column(frame, k, taken), frame) for k in _GROWING},
            }
    return {"list": listed, "omitted": max(0, len(order) - TOP)}


def readings(frame: Frame, cgroup: int) -> list[int]:
    """Return the row numbers of a cgroup's readings, in the order of time."""
    samples = frame.capture.cgroup_samples
    taken = np.flatnonzero(ids(samples.cgroup) == np.uint64(cgroup)).tolist()
    return sorted(taken, key=lambda i: samples.window[i])


def _rows_by_cgroup(frame: Frame) -> tuple[list[int], dict[int, list[int]]]:
    """Return all cgroups with a record or a reading, and each one's row numbers in the order of time."""
    samples = frame.capture.cgroup_samples
    known, index = np.unique(ids(samples.cgroup), return_inverse=True)
    order = np.lexsort((ints(samples.window), index))
    groups = np.split(order, np.flatnonzero(np.diff(index[order])) + 1) if order.size else []
    rows = {int(c): group.tolist() for c, group in zip(known.tolist(), groups, strict=True)}
    return sorted({*rows, *(c.id for c in frame.capture.cgroups)}), rows


def _order(frame: Frame, known: list[int], rows: dict[int, list[int]]) -> list[int]:
    """Return the ids, what matters most to the service first."""
    ev, cache = frame.capture.evictions, frame.capture.cache
    victim_is_mine = frame.is_service(ids(ev.victim))
    evicted = _sums(ids(ev.evictor)[victim_is_mine].tolist(), ints(ev.pages)[victim_is_mine])
    inserted = _sums(cache.cgroup, ints(cache.inserted))
    peaks = {c: max((v for v in _column(frame, "file_bytes", rows[c]) if v is not None), default=0) for c in rows}
    service = frame.capture.service.cgroup_id
    amounts = (evicted, inserted, peaks)
    return sorted(known, key=lambda c: (c != service, *(-amount.get(c, 0) for amount in amounts), frame.path(c), c))


def _sums(keys: Sequence[int], values: Ints) -> dict[int, int]:
    known, index = np.unique(ids(keys), return_inverse=True)
    return dict(zip(known.tolist(), sums_by(index, values, known.size).tolist(), strict=True))


def _column(frame: Frame, name: str, rows: Sequence[int]) -> list[int | None]:
    column = frame.capture.cgroup_samples.values.get(name)
    return [None] * len(rows) if column is None else [column[i] for i in rows]


def _cgroup(frame: Frame, cgroup: int, rows: Sequence[int]) -> Node:
    record = next((c for c in frame.capture.cgroups if c.id == cgroup), None)
    node: Node = {
        "cgroup": frame.path(cgroup),
        "name": record.name if record else None,
        "managed_by": record.managed_by if record else None,
        "is_service": cgroup == frame.capture.service.cgroup_id,
        "settings": dict(sorted(record.settings.items())) if record else None,
    }
    for level in _LEVELS:
        node[level] = _level(_column(frame, level, rows))
    for counter in _COUNTERS:
        node[counter] = difference(_column(frame, counter, rows))
    return node


def _level(values: Sequence[int | None]) -> Node:
    known = [v for v in values if v is not None]
    return {"start": known[0] if known else None, "peak": max(known, default=None), "end": known[-1] if known else None}
