"""What all measurements share: the capture, its cgroups' names, the axis of the series, sums over columns (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.windows import Windows
from diagnose.capture.columns import Column
from diagnose.capture.model import CgroupRecord

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
        points: list[int] = np.rint(sums).astype(np.int64).tolist()
        return points

    def merged(self, by_window: Floats) -> list[int]:
        """Sum a series of one value a window by point."""
        return self.series(np.arange(len(by_window)), by_window)

    def merged_known(self, by_window: Floats | None) -> list[int | None]:
        """Sum a series by point, NaN left out; None where it has no value, or there is no series."""
        return self._points(by_window, np.add, 0.0)

    def highest(self, by_window: Floats | None) -> list[int | None]:
        """Return the highest value of a series in each point; None where it has none, or there is no series."""
        return self._points(by_window, np.maximum, -np.inf)

    def _points(self, by_window: Floats | None, merge: np.ufunc, nothing: float) -> list[int | None]:
        if by_window is None:
            return [None] * self.points
        known = ~np.isnan(by_window)
        merged, point = np.full(self.points, nothing), np.arange(len(by_window))[known] // self.windows_per_point
        merge.at(merged, point, by_window[known])
        filled = np.bincount(point, minlength=self.points) > 0
        return [round(v) if has else None for v, has in zip(merged.tolist(), filled.tolist(), strict=True)]


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


def whole_number(value: float | None) -> int | None:
    """Return a count as a plain int."""
    return None if value is None else round(value)
