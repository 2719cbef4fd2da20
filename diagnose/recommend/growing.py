"""Whether what a job cannot give back was still growing when the capture ended: its peak is then no peak (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.analysis.windows import Series, Windows

LEAST_WINDOWS = 8
"""Of fewer the last quarter is a single one, which tells no growth from a burst."""


@dataclass(frozen=True)
class Outgrows:
    """A job's own memory grew by so much at the end, and outgrows the limit before as long again has passed."""

    grown_bytes: int
    in_seconds: float
    now_bytes: int
    limit_bytes: int


def outgrows(windows: Windows, path: str, limit_bytes: int) -> Outgrows | None:
    """Return how a job's own memory would outgrow a limit within as long again as the capture; None: it would not.

    Growth is what it held at the end beyond all that it had held before the last quarter: memory that is taken and
    given back again, to the same height, is none.
    """
    held = _own_memory(windows, path)
    last_quarter = windows.count - windows.count // 4
    before, late = held[:last_quarter], held[last_quarter:]
    if windows.count < LEAST_WINDOWS or np.isnan(before).all() or np.isnan(late[-1]):
        return None
    now, grown = float(late[-1]), float(late[-1] - np.nanmax(before))
    if now + max(0.0, grown) * windows.count / len(late) <= limit_bytes:
        return None
    return Outgrows(int(grown), len(late) * windows.seconds, int(now), limit_bytes)


def _own_memory(windows: Windows, path: str) -> Series:
    """Return the anonymous and shared memory of a cgroup by window, in bytes; NaN where it was not read."""
    parts = [part for key in ("anon_bytes", "shmem_bytes") if (part := windows.gauge_of(path, key)) is not None]
    held: Series = np.sum(parts, axis=0) if parts else np.full(windows.count, np.nan)
    return held
