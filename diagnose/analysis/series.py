"""Readings of a file at the ends of windows, as series: levels, and by how much counters rose (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnose.capture.columns import floats
from diagnose.capture.tables import Samples

Series = NDArray[np.float64]


@dataclass(frozen=True)
class Readings:
    """What could be read, shape (n,) with n > 0: `windows` at whose end (-1: before the first), and `values`."""

    windows: NDArray[np.int64]
    values: Series

    def __len__(self) -> int:
        return len(self.windows)

    def in_order(self) -> Readings:
        """Return the readings in the order of time."""
        if (np.diff(self.windows) > 0).all():
            return self
        order = np.lexsort((self.values, self.windows))
        return Readings(self.windows[order], self.values[order])

    def series(self, count: int) -> Series:
        """Return the values by window, shape (count,), NaN where there is none."""
        inside = self.windows >= 0
        return _placed(self.windows[inside], self.values[inside], count)

    def changes(self, count: int) -> Series | None:
        """Return by how much each value differs from the one before, shape (count,); None of a single reading."""
        return _placed(self.windows[1:], np.diff(self.values), count) if len(self) > 1 else None

    def increases(self, count: int) -> Series | None:
        """Return the changes of a counter, NaN where it fell: it was reset, and what happened meanwhile is unknown."""
        if len(self) < 2:
            return None
        changes = np.diff(self.values)
        return _placed(self.windows[1:], np.where(changes >= 0, changes, np.nan), count)

    def risen(self) -> float | None:
        """Return by how much a counter rose in all, falls left out; None of a single reading, or of falls alone."""
        changes = np.diff(self.values)
        return float(changes[changes >= 0].sum()) if (changes >= 0).any() else None


def total(series: Series | None) -> float | None:
    """Return the sum of a series; None where it is, or has no value."""
    return None if series is None or np.isnan(series).all() else float(np.nansum(series))


def readings_of(samples: Samples, key: str, rows: NDArray[np.int64]) -> Readings | None:
    """Return some rows of a column, without those that could not be read; None if nothing is left."""
    column = samples.values.get(key)
    if column is None:
        return None
    values = floats(column, rows)
    known = ~np.isnan(values)
    windows = np.asarray(samples.window, np.int64)[rows]
    return Readings(windows[known], values[known]) if known.any() else None


def _placed(windows: NDArray[np.int64], values: Series, count: int) -> Series:
    series = np.full(count, np.nan)
    series[windows] = values
    return series
