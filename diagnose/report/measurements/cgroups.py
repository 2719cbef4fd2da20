"""The cgroups with their page cache at the start, at its peak and at the end, their limits and refaults (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from diagnose.analysis.groups import Groups
from diagnose.analysis.series import Readings
from diagnose.report.measurements.frame import TOP, Frame, Node, ids, ints, whole_number

TOP_SERIES = 5
_LEVELS = ("file_bytes", "usage_bytes", "anon_bytes")
_COUNTERS = ("refault_file_pages", "limit_hits", "io_read_bytes", "io_written_bytes")
_GROWING = ("refault_file_pages", "io_read_bytes")


def cgroups(frame: Frame) -> Node | None:
    """Return the service, then who evicted most of its pages, inserted most, or held most; None if none was read.

    A reading is of a cgroup and everything below it, so a parent's includes its children's.
    """
    if not frame.capture.cgroup_samples.window and not frame.capture.cgroups:
        return None
    order = _order(frame)
    listed = [_cgroup(frame, cgroup) for cgroup in order[:TOP]]
    for place, (node, cgroup) in enumerate(zip(listed, order, strict=False)):
        # the whole, "/": the others that are drawn are taken off it
        if (place < TOP_SERIES or node["cgroup"] == "/") and frame.windows.sample_groups.rows(cgroup).size:
            node["series"] = {
                "file_bytes": frame.highest(frame.windows.gauge(cgroup, "file_bytes")),
                **{key: frame.merged_known(frame.windows.increase(cgroup, key)) for key in _GROWING},
            }
    return {"list": listed, "omitted": max(0, len(order) - TOP)}


def _order(frame: Frame) -> list[int]:
    """Return all cgroups with a record or a reading, what matters most to the service first."""
    ev, groups = frame.capture.evictions, frame.windows.sample_groups
    victim_is_mine = frame.is_service(ids(ev.victim))
    evicted = Groups(ids(ev.evictor)[victim_is_mine]).sums(ints(ev.pages)[victim_is_mine])
    inserted = frame.windows.inserted_by()
    with_readings: list[int] = groups.known.tolist()
    peaks = {c: frame.windows.peak(c, "file_bytes") or 0.0 for c in with_readings}
    service = frame.capture.service.cgroup_id
    amounts: tuple[Mapping[int, float], ...] = (evicted, inserted, peaks)
    known = {*with_readings, *(c.id for c in frame.capture.cgroups)}
    return sorted(known, key=lambda c: (c != service, *(-amount.get(c, 0) for amount in amounts), frame.path(c), c))


def _cgroup(frame: Frame, cgroup: int) -> Node:
    record = frame.record(cgroup)
    node: Node = {
        "cgroup": frame.path(cgroup),
        "name": record.name if record else None,
        "managed_by": record.managed_by if record else None,
        "is_service": cgroup == frame.capture.service.cgroup_id,
        "settings": dict(sorted(record.settings.items())) if record else None,
    }
    for level in _LEVELS:
        node[level] = _level(frame.windows.readings(cgroup, level))
    for counter in _COUNTERS:
        node[counter] = whole_number(frame.windows.risen(cgroup, counter))
    return node


def _level(readings: Readings | None) -> Node:
    if readings is None:
        return {"start": None, "peak": None, "end": None}
    values = readings.values
    return {"start": int(values[0]), "peak": int(values.max()), "end": int(values[-1])}
