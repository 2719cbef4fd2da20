"""The cgroups with their page cache at the start, at its peak and at the end, their limits and refaults (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from diagnose.analysis.series import Readings
from diagnose.analysis.windows import CAUSES
from diagnose.report.measurements.cache_models import CgroupMemory, Cgroups, DrawnMemory, Level, MemorySeries
from diagnose.report.measurements.frame import TOP, Frame, whole_number

TOP_SERIES = 5


def cgroups(frame: Frame) -> Cgroups | None:
    """Return the service, then who evicted most of its pages, inserted most, or held most; None if none was read.

    A reading is of a cgroup and everything below it, so a parent's includes its children's.
    """
    if not frame.capture.cgroup_samples.window and not frame.capture.cgroups:
        return None
    order = _order(frame)
    listed = [_cgroup(frame, cgroup, place < TOP_SERIES) for place, cgroup in enumerate(order[:TOP])]
    return Cgroups(list=listed, omitted=max(0, len(order) - TOP))


def _order(frame: Frame) -> list[int]:
    """Return all cgroups with a record or a reading, what matters most to the service first."""
    windows, service = frame.windows, frame.capture.service.cgroup_id
    with_readings: list[int] = windows.sample_groups.known.tolist()
    peaks = {c: windows.peak(c, "file_bytes") or 0.0 for c in with_readings}
    evicted = windows.evicted_by(CAUSES, windows.service_ids)
    amounts: tuple[Mapping[int, float], ...] = (evicted, windows.inserted_by(), peaks)
    known = {*with_readings, *(c.id for c in frame.capture.cgroups)}
    return sorted(known, key=lambda c: (c != service, *(-amount.get(c, 0) for amount in amounts), frame.path(c), c))


def _cgroup(frame: Frame, cgroup: int, drawn: bool) -> DrawnMemory | CgroupMemory:
    record, windows = frame.record(cgroup), frame.windows
    row = CgroupMemory(
        cgroup=frame.path(cgroup),
        name=record.name if record else None,
        managed_by=record.managed_by if record else None,
        is_service=cgroup == frame.capture.service.cgroup_id,
        settings=dict(sorted(record.settings.items())) if record else None,
        file_bytes=_level(windows.readings(cgroup, "file_bytes")),
        usage_bytes=_level(windows.readings(cgroup, "usage_bytes")),
        anon_bytes=_level(windows.readings(cgroup, "anon_bytes")),
        refault_file_pages=whole_number(windows.risen(cgroup, "refault_file_pages")),
        limit_hits=whole_number(windows.risen(cgroup, "limit_hits")),
        io_read_bytes=whole_number(windows.risen(cgroup, "io_read_bytes")),
        io_written_bytes=whole_number(windows.risen(cgroup, "io_written_bytes")),
    )
    # "/" is the whole: the others that are drawn are taken off it.
    if (drawn or row.cgroup == "/") and windows.sample_groups.rows(cgroup).size:
        return DrawnMemory(**dict(row), series=_series(frame, cgroup))
    return row


def _level(readings: Readings | None) -> Level:
    if readings is None:
        return Level(start=None, peak=None, end=None)
    values = readings.values
    return Level(start=int(values[0]), peak=int(values.max()), end=int(values[-1]))


def _series(frame: Frame, cgroup: int) -> MemorySeries:
    windows = frame.windows
    return MemorySeries(
        file_bytes=frame.highest(windows.gauge(cgroup, "file_bytes")),
        refault_file_pages=frame.merged_known(windows.increase(cgroup, "refault_file_pages")),
        io_read_bytes=frame.merged_known(windows.increase(cgroup, "io_read_bytes")),
    )
