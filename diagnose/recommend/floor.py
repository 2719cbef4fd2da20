"""The least that a cgroup can live with: what it cannot give back, and headroom (pure).

Defined once: for a capture, of the peaks, and for `apply`, of one reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diagnose.analysis.windows import Windows
from diagnose.cgroups.paths import is_within
from diagnose.recommend.sizing import MIB, peak_of

HEADROOM_SHARE = 0.25
"""Above what a cgroup cannot give back, so much more of it again, for growth between the capture and the next peak."""
HEADROOM_BYTES = 16 * MIB
WRITTEN_BACK_SECONDS = 1.0
"""So long may reclaim wait for dirty pages: a stall that a batch job survives, and far from the OOM killer."""
HELD = ("anon_bytes", "kernel_bytes", "unevictable_bytes", "shmem_bytes")
"""What a cgroup cannot give back, by the key of its reading."""


@dataclass(frozen=True)
class Dirty:
    """Dirty pages and those under writeback, at their peak; `held_bytes` of them cannot be written in time."""

    peak_bytes: int
    held_bytes: int
    written_bytes_per_second: float
    """The median pace at which devices wrote for the cgroup; 0: none was seen."""


@dataclass(frozen=True)
class Floor:
    """How the floor of a cgroup comes about. `held`: bytes at their peaks by key, without what was not measured."""

    cgroup: str
    held: Mapping[str, int]
    dirty: Dirty | None
    """None: not measured."""

    @property
    def held_bytes(self) -> int:
        """What it cannot give back."""
        return sum(self.held.values()) + (self.dirty.held_bytes if self.dirty else 0)

    @property
    def headroom_bytes(self) -> int:
        return _headroom(self.held_bytes)

    @property
    def bytes(self) -> int:
        return self.held_bytes + self.headroom_bytes


def floor(windows: Windows, path: str) -> Floor | None:
    """Return the floor of a cgroup in a capture.

    None where its memory was not read, or at the start alone: of more cgroups than are read in every window.
    """
    read = windows.gauge_of(path, "anon_bytes")
    if read is None or np.isnan(read).all():
        return None
    held = {key: peak for key in HELD if (peak := peak_of(windows, path, key)) is not None}
    return Floor(path, held, _dirty(windows, path))


def held_now(reading: Mapping[str, int | None]) -> int | None:
    """Return what a cgroup cannot give back by one reading; None: its anonymous memory was not read.

    How much dirty memory stays for long only a capture can tell; between the steps of `apply` it is written back.
    """
    if reading.get("anon_bytes") is None:
        return None
    return sum(value for key in HELD if (value := reading.get(key)) is not None)


def floor_now(reading: Mapping[str, int | None]) -> int | None:
    """Return the floor in bytes by one reading of a cgroup; None: its anonymous memory was not read."""
    held = held_now(reading)
    return None if held is None else held + _headroom(held)


def _headroom(held_bytes: int) -> int:
    return max(HEADROOM_BYTES, int(held_bytes * HEADROOM_SHARE))


def _dirty(windows: Windows, path: str) -> Dirty | None:
    """Return the dirty memory that a cgroup cannot give back within `WRITTEN_BACK_SECONDS`, at its peak.

    Dirty pages are reclaimed once they are written: reclaim waits for that (shrink_folio_list in mm/vmscan.c), and a
    limit slows a job that writes to the pace of its device. What the device would need longer for counts as held.
    """
    peak = windows.dirty_at_once(path)
    if peak is None:
        return None
    pace = _written_per_second(windows, path)
    stuck = max(0, peak - int(pace * WRITTEN_BACK_SECONDS)) if peak >= MIB else peak
    return Dirty(peak, stuck, pace)


def _written_per_second(windows: Windows, path: str) -> float:
    """Return the median pace in bytes/s at which devices wrote for a cgroup, while they did; 0 if that was not seen."""
    table, moved = windows.capture.block_requests, np.zeros(windows.count)
    below = {i for i, p in windows.paths.items() if is_within(p, path)}
    for window, op, cgroup, size in zip(table.window, table.op, table.cgroup, table.bytes, strict=True):
        if op == "write" and cgroup in below:
            moved[window] += size
    return float(np.median(moved[moved > 0])) / windows.seconds if moved.any() else 0.0
