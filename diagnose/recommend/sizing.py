"""Readings at their peaks, and sizes in whole mebibytes (pure)."""

from __future__ import annotations

from diagnose.analysis.windows import Windows

MIB = 1 << 20
RESERVE_SHARE = 0.05
"""Of what the service needs and the others hold, kept for what the capture did not see of them."""


def peak_of(windows: Windows, path: str, key: str) -> int | None:
    """Return the highest reading of all who bore a path: a job with a new cgroup each run needs what any run needed."""
    peaks = [windows.peak(cgroup, key) for cgroup, bore in windows.paths.items() if bore == path]
    return max((int(peak) for peak in peaks if peak is not None), default=None)


def in_whole_mib(size: int) -> int:
    """Return a size in bytes rounded up to whole MiB."""
    return -(-size // MIB) * MIB
