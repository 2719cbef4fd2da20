"""What all measurements share: the capture, its cgroups' names, the axis of the series, sums over columns (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.windows import Windows
from diagnose.capture.columns import Column
from diagnose.capture.model import CgroupRecord

Node = dict[str, Any]
"""A JSON object."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Ids = NDArray[np.uint64]

TOP = 50
MAX_POINTS = 600
UNKNOWN_CGROUP = "(unknown)"


class Frame:
    """A capture with its names resolved. A series has `points` values, each of `windows_per_point` windows."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self.capture = capture = windows.capture
        self.windows_per_point = max(1, -(-capture.windows // MAX_POINTS))
        self.points = -(-capture.windows // self.windows_per_point)
        self._records = {record.id: record for record in capture.cgroups}

    def path(self, cgroup: int | None) -> str:
        """Return a cgroup's path in the memory hierarchy; one that was never seen alive is said to have vanished."""
        if not cgroup:
            return UNKNOWN_CGROUP
        record = self._records.get(cgroup)
        if record is None:
            service = self.capture.service
            return service.cgroup if cgroup == service.cgroup_id else f"(cgroup {cgroup}, vanished)"
        return record.path

    def record(self, cgroup: int) -> CgroupRecord | None:
        """Return what is known of a cgroup; None for one that was never seen alive."""
        return self._records.get(cgroup)

    def is_service(self, cgroups: Ids) -> NDArray[np.bool_]:
        """Tell which ids lie in the service's subtree."""
        return np.isin(cgroups, np.array(sorted(self.windows.service_ids), dtype=np.uint64))

    def measured(self, probe: str) -> bool:
        """Tell whether a probe watched whole windows, whether or not anything happened."""
        return self.windows.probe_attached(probe) and self.capture.windows > 0

    def series(self, windows: Ints, values: Ints | Floats) -> list[int]:
        """Sum `values` by point."""
        sums = np.bincount(windows // self.windows_per_point, weights=values, minlength=self.points)
        return whole(sums)

    def merged(self, by_window: Floats) -> list[int]:
        """Sum a series of one value a window by point."""
        return self.series(np.arange(len(by_window)), by_window)


def ints(column: Sequence[int | None]) -> Ints:
    """Return a measured column of whole numbers."""
    return np.asarray(column, dtype=np.int64)


def ids(column: Sequence[int | None]) -> Ids:
    """Return a column of cgroup ids; 0 stands for an unknown cgroup."""
    missing = not isinstance(column, Column) and None in column
    return np.asarray([0 if c is None else c for c in column] if missing else column, dtype=np.uint64)


def codes(column: Sequence[str], names: Sequence[str]) -> Ints:
    """Return the position in `names` of every cell."""
    position = {name: i for i, name in enumerate(names)}
    return np.array([position[cell] for cell in column], dtype=np.int64)


def sums_by(keys: Ints, values: Ints, size: int) -> Ints:
    """Return the sum of `values` for each key from 0 to `size`."""
    return np.rint(np.bincount(keys, weights=values, minlength=size)).astype(np.int64)


def whole(values: Floats | Ints) -> list[int]:
    """Return whole numbers as plain ints."""
    result: list[int] = np.rint(values).astype(np.int64).tolist()
    return result


def difference(readings: Sequence[int | None]) -> int | None:
    """Return the growth of a raw counter from its first to its last reading; None if unreadable or reset."""
    known = [r for r in readings if r is not None]
    return known[-1] - known[0] if len(known) > 1 and known[-1] >= known[0] else None


def merge_levels(windows: Sequence[int], values: Sequence[int | None], frame: Frame) -> list[int | None]:
    """Return the highest reading in each point; the reading before window 0 is left out."""
    result: list[int | None] = [None] * frame.points
    for window, value in zip(windows, values, strict=True):
        if value is not None and 0 <= window < frame.capture.windows:
            point = window // frame.windows_per_point
            result[point] = max(value, result[point] or 0)
    return result


def merge_growth(windows: Sequence[int], values: Sequence[int | None], frame: Frame) -> list[int | None]:
    """Return by how much a raw counter rose in each point; None where it was not read, or was reset."""
    result: list[int | None] = [None] * frame.points
    known = [(w, v) for w, v in zip(windows, values, strict=True) if v is not None and w < frame.capture.windows]
    for (_, before), (window, value) in pairwise(known):
        if value >= before:
            point = window // frame.windows_per_point
            result[point] = (result[point] or 0) + value - before
    return result


def rounded(value: Any) -> Any:
    """Return JSON-ready plain values; floats keep 6 significant digits, and what is no number becomes None."""
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value
