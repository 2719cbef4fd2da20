"""What cgroups hold, need and cannot give back, with the arithmetic in words (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose import units
from diagnose.limits import shared_limit
from diagnose.models import CgroupRecord
from diagnose.windows import Series, Windows

MIB = 1 << 20
HEADROOM_SHARE = 0.25
"""Above what a cgroup cannot give back, so much more of it again, for growth between the capture and the next peak."""
HEADROOM_BYTES = 32 * MIB
RESERVE_SHARE = 0.05
"""Of the shared room, kept for what the capture did not see."""


@dataclass(frozen=True)
class Sum:
    """A figure in bytes and how it came about, a line each."""

    bytes: int
    lines: tuple[str, ...]


def record_of(windows: Windows, path: str) -> CgroupRecord | None:
    return next((c for c in windows.capture.cgroups if c.path == path), None)


def peak_of(windows: Windows, path: str, key: str) -> int | None:
    record = record_of(windows, path)
    peak = windows.peak(record.id, key) if record else None
    return None if peak is None else int(peak)


def floor(windows: Windows, path: str) -> Sum | None:
    """Return the least that a cgroup can live with: what it cannot give back, at its peaks, and headroom."""
    parts = {
        "anonymous": peak_of(windows, path, "anon_bytes"),
        "kernel": peak_of(windows, path, "kernel_bytes"),
        "unevictable": peak_of(windows, path, "unevictable_bytes"),
        "shared memory": peak_of(windows, path, "shmem_bytes"),
        "dirty and under writeback": _added(
            peak_of(windows, path, "dirty_bytes"), peak_of(windows, path, "writeback_bytes")
        ),
    }
    if parts["anonymous"] is None:
        return None
    known = {name: value for name, value in parts.items() if value is not None}
    held = sum(known.values())
    headroom = max(HEADROOM_BYTES, int(held * HEADROOM_SHARE))
    listed = ", ".join(f"{name} {units.size(value)}" for name, value in known.items())
    return Sum(
        held + headroom,
        (f"{path} cannot give back {units.size(held)} at its peaks ({listed}); with {units.size(headroom)} headroom "
         f"its floor is {units.size(held + headroom)}",),
    )  # fmt: skip


def _added(a: int | None, b: int | None) -> int | None:
    return None if a is None and b is None else (a or 0) + (b or 0)


def need(windows: Windows) -> Sum | None:
    """Return what the service needs to keep its pages: its peak usage and what it fetched again in its worst window."""
    service = windows.capture.service
    usage = peak_of(windows, service.cgroup, "usage_bytes")
    if usage is None:
        return None
    refaults = windows.increase(service.cgroup_id, "refault_file_pages")
    worst = 0 if refaults is None or np.isnan(refaults).all() else int(np.nanmax(refaults))
    again = worst * windows.capture.host.page_bytes
    return Sum(
        usage + again,
        (f"{service.cgroup} used {units.size(usage)} at its peak and fetched {units.size(again)} of evicted pages "
         f"again in its worst {units.duration(windows.seconds)}: it needs {units.size(usage + again)}",),
    )  # fmt: skip


def shared_room(windows: Windows, neighbour: str) -> tuple[int, str, str | None]:
    """Return the bytes that service and neighbour share, what sets them, and the cgroup (None: the host)."""
    limit = shared_limit(windows, neighbour)
    if limit is None:
        return windows.capture.host.memory_bytes, "the host's memory", None
    return limit.limit_bytes, f"{limit.setting} of {limit.cgroup}", limit.cgroup


def others(windows: Windows, neighbours: list[str], room: str | None) -> Sum | None:
    """Return the most that everybody else in the shared room held at the end of any window."""
    if room is None:
        free = windows.capture.host_samples.values.get("meminfo.MemAvailable_bytes")
        known = [v for v in free or [] if v is not None]
        if not known:
            return None
        # What cannot be reclaimed host-wide stands for the others: their cache is not theirs to keep.
        held = windows.capture.host.memory_bytes - min(known)
        return Sum(held, (f"the host held {units.size(held)} that it could not reclaim (memory less MemAvailable)",))
    total = series_of(windows, room, "usage_bytes")
    apart = [series_of(windows, path, "usage_bytes") for path in [windows.capture.service.cgroup, *neighbours]]
    if total is None or any(a is None for a in apart):
        return None
    rest = total - sum(np.nan_to_num(a) for a in apart if a is not None)
    if np.isnan(rest).all():
        return None
    held = max(0, int(np.nanmax(rest)))
    return Sum(held, (f"others below {room} held up to {units.size(held)}",))


def series_of(windows: Windows, path: str, key: str) -> Series | None:
    record = record_of(windows, path)
    return windows.gauge(record.id, key) if record else None
