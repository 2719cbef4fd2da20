"""What cgroups hold, share and cannot give back, with the arithmetic in words (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose import units
from diagnose.analysis.limits import Limit, limits_above, room_limit
from diagnose.analysis.windows import Series, Windows
from diagnose.cgroups.paths import is_within

MIB = 1 << 20
HEADROOM_SHARE = 0.25
"""Above what a cgroup cannot give back, so much more of it again, for growth between the capture and the next peak."""
HEADROOM_BYTES = 16 * MIB
WRITTEN_BACK_SECONDS = 1.0
"""So long may reclaim wait for dirty pages: a stall that a batch job survives, and far from the OOM killer."""
RESERVE_SHARE = 0.05
"""Of what the service needs and the others hold, kept for what the capture did not see of them."""


@dataclass(frozen=True)
class Sum:
    """A figure in bytes and how it came about, a line each."""

    bytes: int
    lines: tuple[str, ...]


def peak_of(windows: Windows, path: str, key: str) -> int | None:
    """Return the highest reading of whoever bore a path: a job that is made anew for each run needs what any needed."""
    peaks = [windows.peak(cgroup, key) for cgroup, bore in windows.paths.items() if bore == path]
    return max((int(peak) for peak in peaks if peak is not None), default=None)


def floor(windows: Windows, path: str) -> Sum | None:
    """Return the least that a cgroup can live with: what it cannot give back, at its peaks, and headroom.

    None where its memory was not read, or at the start alone: of more cgroups than are read in every window.
    """
    parts = {
        "anonymous": peak_of(windows, path, "anon_bytes"),
        "kernel": peak_of(windows, path, "kernel_bytes"),
        "unevictable": peak_of(windows, path, "unevictable_bytes"),
        "shared memory": peak_of(windows, path, "shmem_bytes"),
    }
    read = windows.gauge_of(path, "anon_bytes")
    if read is None or np.isnan(read).all():
        return None
    dirty = dirty_for_long(windows, path)
    known = {name: value for name, value in parts.items() if value is not None}
    held = sum(known.values()) + dirty.bytes
    headroom = max(HEADROOM_BYTES, int(held * HEADROOM_SHARE))
    listed = ", ".join([f"{name} {units.size(value)}" for name, value in known.items()] + list(dirty.lines))
    return Sum(
        held + headroom,
        (f"{path} cannot give back {units.size(held)} at its peaks ({listed}); with {units.size(headroom)} headroom (a "
         f"quarter, and no less than {units.size(HEADROOM_BYTES)}) its floor is {units.size(held + headroom)}",),
    )  # fmt: skip


def dirty_for_long(windows: Windows, path: str) -> Sum:
    """Return the dirty memory that a cgroup cannot give back within `WRITTEN_BACK_SECONDS`, at its peak.

    Dirty pages are reclaimed once they are written: reclaim waits for that (shrink_folio_list in mm/vmscan.c), and a
    limit slows a job that writes to the pace of its device. What the device would need longer for counts as held.
    """
    peak, pace = dirty_at_once(windows, path), _written_per_second(windows, path)
    if peak is None:
        return Sum(0, ())
    stuck = max(0, peak - int(pace * WRITTEN_BACK_SECONDS)) if peak >= MIB else peak
    line = f"dirty and under writeback {units.size(stuck)}"
    if stuck < peak:
        rest = f"the rest of {units.size(peak)} after {WRITTEN_BACK_SECONDS:g} s"
        line += f", {rest} at the {units.size(pace)}/s that was written for it (median)"
    return Sum(stuck, (line,))


def dirty_at_once(windows: Windows, path: str) -> int | None:
    """Return the most that a cgroup held dirty and under writeback at the end of any window; None: not measured."""
    series = [s for key in ("dirty_bytes", "writeback_bytes") if (s := windows.gauge_of(path, key)) is not None]
    at_once = np.sum(series, axis=0) if series else np.full(1, np.nan)
    return None if np.isnan(at_once).all() else int(np.nanmax(at_once))


def _written_per_second(windows: Windows, path: str) -> float:
    """Return the median pace in bytes/s at which devices wrote for a cgroup, while they did; 0 if that was not seen."""
    table, moved = windows.capture.block_requests, np.zeros(windows.count)
    below = {i for i, p in windows.paths.items() if is_within(p, path)}
    for window, op, cgroup, size in zip(table.window, table.op, table.cgroup, table.bytes, strict=True):
        if op == "write" and cgroup in below:
            moved[window] += size
    return float(np.median(moved[moved > 0])) / windows.seconds if moved.any() else 0.0


def shared_room(windows: Windows, neighbour: str) -> tuple[int, str, str | None]:
    """Return the bytes that service and neighbour share, what sets them, and the cgroup (None: the host)."""
    limit = room_limit(windows, neighbour)
    if limit is None:
        return windows.capture.host.memory_bytes, "the host's memory", None
    return limit.limit_bytes, f"{limit.setting} of {limit.cgroup}", limit.cgroup


def others(windows: Windows, neighbours: list[str], room: str | None, with_cache: bool = False) -> Sum | None:
    """Return the most that everybody else in the shared room held at the end of any window.

    `with_cache`: on a host with the page cache that they never had less of; below a limit all of it is in their usage.
    """
    apart = [windows.capture.service.cgroup, *neighbours]
    if room is None:
        return _others_on_the_host(windows, apart, with_cache)
    total = windows.gauge_of(room, "usage_bytes")
    parts = [windows.gauge_of(path, "usage_bytes") for path in apart]
    if total is None or any(p is None for p in parts):
        return None
    # NaN where one of them was not read: such a window says nothing.
    rest = total - sum((p for p in parts if p is not None), np.zeros(windows.count))
    if np.isnan(rest).all():
        return None
    held = max(0, int(np.nanmax(rest)))
    return Sum(held, (f"others below {room} held up to {units.size(held)}",))


def _others_on_the_host(windows: Windows, apart: list[str], with_cache: bool) -> Sum | None:
    """What the host cannot reclaim stands for the others, and of their cache what reclaim left alone meanwhile.

    It would take that at last, and the service's before: generations (MGLRU, the default in many distributions since
    Linux 6.1) pass over cgroups in turn, so that a flood in one may cost the service all of its cache, and the programs
    and libraries of the root cgroup little.
    """
    available = windows.host_gauge("meminfo.MemAvailable_bytes")
    if available is None or np.isnan(available).all():
        return None
    # Window by window: peaks of different moments, taken together, would be more than was ever held.
    own = sum((_in_ram(windows, path) for path in apart), np.zeros(windows.count))
    rest = windows.capture.host.memory_bytes - available - own
    fullest = int(np.nanargmax(rest))
    held = max(0, int(rest[fullest]))
    lines: tuple[str, ...] = (
        f"the rest of the host held up to {units.size(held)} that could not be reclaimed (memory less MemAvailable, "
        f"less {units.size(own[fullest])} anonymous and shared memory of {' and '.join(apart)})",
    )
    if not with_cache:
        return Sum(held, lines)
    kept = _cache_left_alone(windows, apart)
    if kept is None:
        return None
    lines += (
        f"and {units.size(kept)} of its page cache never became less, while pages of {apart[0]} were evicted: no room "
        "for others",
    )
    return Sum(held + kept, lines)


def _in_ram(windows: Windows, path: str) -> Series:
    """Return the anonymous and shared memory of a cgroup by window, in bytes; where not read, their peaks stand."""
    whole = np.zeros(windows.count)
    for key in ("anon_bytes", "shmem_bytes"):  # neither is in MemAvailable, and both are in its floor or need already
        read, peak = windows.gauge_of(path, key), float(peak_of(windows, path, key) or 0)
        whole += peak if read is None else np.where(np.isnan(read), peak, read)
    return whole


def _cache_left_alone(windows: Windows, apart: list[str]) -> int | None:
    """Return the least page cache that everybody else had at the end of a window, in bytes; None: not measured."""
    whole, parts = windows.gauge_of("/", "file_bytes"), [windows.gauge_of(path, "file_bytes") for path in apart]
    if whole is None or any(part is None for part in parts):
        return None
    rest = whole - sum((part for part in parts if part is not None), np.zeros(windows.count))
    return None if np.isnan(rest).all() else max(0, int(np.nanmin(rest)))


def room_above(windows: Windows, limit: Limit) -> tuple[int | None, str]:
    """Return how many bytes more the service may take, and what bounds them; None: not measured."""
    available = [
        v for v in windows.capture.host_samples.values.get("meminfo.MemAvailable_bytes") or [] if v is not None
    ]
    spare, whose = int(min(available) * (1 - RESERVE_SHARE)) if available else None, "the host"
    # Below a limit of its own the room is what nobody used there; cache of others would have to make way. The lowest
    # limit need not be the one that leaves least.
    for above in limits_above(windows, limit.cgroup):
        used = windows.peak(above.cgroup_id, "usage_bytes")
        name = f"{above.setting} of {above.cgroup}"
        if used is None:
            return None, name
        left = max(0, int(above.limit_bytes - used))
        if spare is None or left < spare:
            spare, whose = left, name
    return spare, whose
