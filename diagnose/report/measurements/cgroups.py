"""The cgroups with their page cache at the start, at its peak and at the end, their limits and refaults (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from diagnose.analysis.groups import Groups, Rows
from diagnose.analysis.series import readings_of
from diagnose.capture.columns import taken
from diagnose.report.measurements.frame import TOP, Frame, Node, difference, ids, ints, merge_growth, merge_levels

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
    order = _order(frame)
    listed = [_cgroup(frame, cgroup, readings(frame, cgroup)) for cgroup in order[:TOP]]
    for place, (node, cgroup) in enumerate(zip(listed, order, strict=False)):
        if place >= TOP_SERIES and node["cgroup"] != "/":  # the whole, of which the others drawn are taken off
            continue
        rows = readings(frame, cgroup)
        if rows.size:
            windows = ints(samples.window)[rows].tolist()
            node["series"] = {
                "file_bytes": merge_levels(windows, _column(frame, "file_bytes", rows), frame),
                **{k: merge_growth(windows, _column(frame, k, rows), frame) for k in _GROWING},
            }
    return {"list": listed, "omitted": max(0, len(order) - TOP)}


def readings(frame: Frame, cgroup: int) -> Rows:
    """Return the row numbers of a cgroup's readings, in the order of time."""
    rows = frame.windows.sample_groups.rows(cgroup)
    return rows[np.argsort(ints(frame.capture.cgroup_samples.window)[rows], kind="stable")]


def _order(frame: Frame) -> list[int]:
    """Return all cgroups with a record or a reading, what matters most to the service first."""
    ev, groups = frame.capture.evictions, frame.windows.sample_groups
    victim_is_mine = frame.is_service(ids(ev.victim))
    evicted = Groups(ids(ev.evictor)[victim_is_mine]).sums(ints(ev.pages)[victim_is_mine])
    inserted = frame.windows.inserted_by()
    with_readings: list[int] = groups.known.tolist()
    peaks = {c: _peak(frame, groups.rows(c)) for c in with_readings}
    service = frame.capture.service.cgroup_id
    amounts: tuple[Mapping[int, float], ...] = (evicted, inserted, peaks)
    known = {*with_readings, *(c.id for c in frame.capture.cgroups)}
    return sorted(known, key=lambda c: (c != service, *(-amount.get(c, 0) for amount in amounts), frame.path(c), c))


def _peak(frame: Frame, rows: Rows) -> float:
    found = readings_of(frame.capture.cgroup_samples, "file_bytes", rows)
    return 0 if found is None else float(found.values.max())


def _column(frame: Frame, name: str, rows: Rows) -> list[int | None]:
    column = frame.capture.cgroup_samples.values.get(name)
    return [None] * len(rows) if column is None else taken(column, rows)


def _cgroup(frame: Frame, cgroup: int, rows: Rows) -> Node:
    record = frame.record(cgroup)
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
