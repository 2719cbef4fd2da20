"""Whether what a job cannot give back was still growing when the capture ended: its peak is then no peak (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import units
from diagnose.analysis.windows import Series, Windows

LEAST_WINDOWS = 8
"""Of fewer the last quarter is a single one, which tells no growth from a burst."""


def outgrows(windows: Windows, path: str, limit: int) -> str | None:
    """Say that a job's own memory would outgrow a limit, in bytes, within as long again as the capture; None: not so.

    Growth is what it held at the end beyond all that it had held before the last quarter: memory that is taken and
    given back again, to the same height, is none.
    """
    held = _own_memory(windows, path)
    last_quarter = windows.count - windows.count // 4
    before, late = held[:last_quarter], held[last_quarter:]
    if windows.count < LEAST_WINDOWS or np.isnan(before).all() or np.isnan(late[-1]):
        return None
    now, grown = float(late[-1]), float(late[-1] - np.nanmax(before))
    if now + max(0.0, grown) * windows.count / len(late) <= limit:
        return None
    return (
        f"its own memory was still growing when the capture ended, by {units.size(grown)} in the last "
        f"{units.duration(len(late) * windows.seconds)} to {units.size(now)}; at that pace it outgrows "
        f"{units.size(limit)} before as long again as the capture has passed"
    )


def _own_memory(windows: Windows, path: str) -> Series:
    """Return the anonymous and shared memory of a cgroup by window, in bytes; NaN where it was not read."""
    parts = [part for key in ("anon_bytes", "shmem_bytes") if (part := windows.gauge_of(path, key)) is not None]
    held: Series = np.sum(parts, axis=0) if parts else np.full(windows.count, np.nan)
    return held
