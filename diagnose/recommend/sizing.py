"""What cgroups hold, need and cannot give back, with the arithmetic in words (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose import units
from diagnose.limits import shared_limit
from diagnose.missratio import MIN_REFAULTS, curve, different_pages
from diagnose.models import CgroupRecord
from diagnose.windows import Series, Windows

MIB = 1 << 20
HEADROOM_SHARE = 0.25
"""Above what a cgroup cannot give back, so much more of it again, for growth between the capture and the next peak."""
HEADROOM_BYTES = 16 * MIB
RESERVE_SHARE = 0.05
"""Of the shared room, kept for what the capture did not see."""
SAMPLE_ONE_IN = 64
MIN_SAMPLED = 30
"""Pages; a smaller sample of what the service reads says too little about how much that is."""
WANTED_SHARE = 0.95
"""Of the refaults, to be avoided: the last twentieth of a tail would cost as much room as all the rest."""


@dataclass(frozen=True)
class Sum:
    """A figure in bytes and how it came about, a line each."""

    bytes: int
    lines: tuple[str, ...]


def record_of(windows: Windows, path: str) -> CgroupRecord | None:
    """Return who bears a path; of several that bore it one after the other, the one that was made last."""
    return max((c for c in windows.capture.cgroups if c.path == path), key=lambda c: c.id, default=None)


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
    """Return what the service needs, so that `WANTED_SHARE` of the pages that came back would have stayed.

    The cache it had and the room that the miss-ratio curve asks for; at most the cache it had left at its lowest and
    every different page that came back. Where most of what came back had been evicted before the capture, there is no
    curve, and that bound stands alone. Where next to nothing came back: what it used at its peak.
    """
    service = windows.capture.service
    usage, cache = (series_of(windows, service.cgroup, key) for key in ("usage_bytes", "file_bytes"))
    peak, different = peak_of(windows, service.cgroup, "usage_bytes"), different_pages(windows)
    if peak is None:
        return None
    known = usage is not None and cache is not None and not np.isnan(usage - cache).all()
    if usage is None or cache is None or not known or different is None or different < MIN_REFAULTS:
        return Sum(peak, (f"{service.cgroup} used {units.size(peak)} at its peak: it needs as much",))
    rest, (kept, which) = int(np.nanmax(usage - cache)), _wanted_cache(windows, cache, different)
    return Sum(
        kept + rest,
        (f"{service.cgroup}: {which}; with {units.size(rest)} of other memory it needs {units.size(kept + rest)}",),
    )


def _wanted_cache(windows: Windows, cache: Series, different: int) -> tuple[int, str]:
    """Return the bytes of cache that the service needs, and why, in words."""
    page, found = windows.capture.host.page_bytes, curve(windows.capture)
    had, lowest = int(np.nanmedian(cache)), int(np.nanmin(cache))
    bound = lowest + different * page
    whole = (
        f"its cache was {units.size(lowest)} at its lowest; {units.size(different * page)} of different pages came back"
    )
    if found is None or found.distinct_pages < different / 2:
        return bound, whole
    more = found.more_for(WANTED_SHARE) * page
    if (touched := _touched(windows)) is not None and touched.bytes < min(bound, had + more):
        return touched.bytes, touched.lines[0]
    if bound < had + more:
        return bound, whole
    return had + more, (
        f"its cache was {units.size(had)} (median), and {units.percent(WANTED_SHARE)} of "
        f"{units.count(found.refaults)} refaults would have stayed with {units.size(more)} more"
    )


def _touched(windows: Windows) -> Sum | None:
    """Return what the service read altogether, which is all that it can want cached, with what it maps on top."""
    blame, page = windows.capture.blame, windows.capture.host.page_bytes
    if blame is None or (blame.touched_pages or 0) < MIN_SAMPLED * SAMPLE_ONE_IN:
        return None
    # Two standard errors of the number of pages in the sample.
    margin = 2 / ((blame.touched_pages or 0) / SAMPLE_ONE_IN) ** 0.5
    mapped = peak_of(windows, windows.capture.service.cgroup, "mapped_file_bytes") or 0
    read = (blame.touched_pages or 0) * page
    total = int(read * (1 + margin)) + mapped
    return Sum(
        total,
        (f"it read {units.size(read)} of different pages (by a sample of one in 64, so {units.percent(margin)} is "
         f"added) and mapped {units.size(mapped)}: {units.size(total)} of cache",),
    )  # fmt: skip


def shared_room(windows: Windows, neighbour: str) -> tuple[int, str, str | None]:
    """Return the bytes that service and neighbour share, what sets them, and the cgroup (None: the host)."""
    limit = shared_limit(windows, neighbour)
    if limit is None:
        return windows.capture.host.memory_bytes, "the host's memory", None
    return limit.limit_bytes, f"{limit.setting} of {limit.cgroup}", limit.cgroup


def others(windows: Windows, neighbours: list[str], room: str | None) -> Sum | None:
    """Return the most that everybody else in the shared room held at the end of any window."""
    apart = [windows.capture.service.cgroup, *neighbours]
    if room is None:
        return _others_on_the_host(windows, apart)
    total = series_of(windows, room, "usage_bytes")
    parts = [series_of(windows, path, "usage_bytes") for path in apart]
    if total is None or any(p is None for p in parts):
        return None
    # NaN where one of them was not read: such a window says nothing.
    rest = total - sum((p for p in parts if p is not None), np.zeros(windows.count))
    if np.isnan(rest).all():
        return None
    held = max(0, int(np.nanmax(rest)))
    return Sum(held, (f"others below {room} held up to {units.size(held)}",))


def _others_on_the_host(windows: Windows, apart: list[str]) -> Sum | None:
    """What the host cannot reclaim stands for the others: their cache is not theirs to keep."""
    column = windows.capture.host_samples.values.get("meminfo.MemAvailable_bytes") or []
    available = [v for v in column if v is not None]
    if not available:
        return None
    own = sum(peak_of(windows, path, "anon_bytes") or 0 for path in apart)
    held = max(0, windows.capture.host.memory_bytes - min(available) - own)
    return Sum(
        held,
        (f"the rest of the host held up to {units.size(held)} that could not be reclaimed (memory less MemAvailable, "
         f"less {units.size(own)} anonymous memory of {' and '.join(apart)})",),
    )  # fmt: skip


def series_of(windows: Windows, path: str, key: str) -> Series | None:
    record = record_of(windows, path)
    return windows.gauge(record.id, key) if record else None
