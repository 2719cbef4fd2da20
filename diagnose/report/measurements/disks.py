"""The devices by /proc/diskstats, where block requests could not be traced: whoever used them (pure)."""

from __future__ import annotations

from diagnose.analysis import disks as counters
from diagnose.report.measurements.frame import Frame, whole_number
from diagnose.report.measurements.host_models import Disk
from diagnose.units import SECTOR_BYTES


def disks(frame: Frame) -> list[Disk] | None:
    """Return requests, bytes and mean times of each device that was read, the busiest first; None: not measured."""
    found = [_disk(frame, name) for name in counters.disks(frame.windows)]
    return sorted(found, key=lambda disk: (-(disk.mean_in_flight or 0.0), disk.device)) or None


def _disk(frame: Frame, name: str) -> Disk:
    windows = frame.windows
    return Disk(
        device=name,
        mean_in_flight=counters.mean_in_flight(windows, name),
        reads=whole_number(counters.risen(windows, name, "reads")),
        read_bytes=_moved(frame, name, "read_sectors"),
        mean_read_seconds=counters.mean_seconds(windows, name, "read"),
        writes=whole_number(counters.risen(windows, name, "writes")),
        write_bytes=_moved(frame, name, "written_sectors"),
        mean_write_seconds=counters.mean_seconds(windows, name, "write"),
    )


def _moved(frame: Frame, name: str, sectors: str) -> int | None:
    moved = whole_number(counters.risen(frame.windows, name, sectors))
    return None if moved is None else moved * SECTOR_BYTES
