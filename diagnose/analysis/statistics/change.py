"""One onset: when did a series change its level? Pettitt's rank test (1979) (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_WINDOWS = 10


@dataclass(frozen=True)
class ChangePoint:
    """`window`: the first of the new level; medians before and after; p-value for "no change at all".

    The p-value takes windows for independent, so it is too small for series that drift: one onset is one observation.
    """

    window: int
    before: float
    after: float
    p_value: float


def change_point(series: NDArray[np.float64]) -> ChangePoint | None:
    """Return the likeliest single change of level of a series, shape (windows,), NaN missing.

    Returns None with fewer than `MIN_WINDOWS` known windows or when the series never changes.
    """
    index = np.flatnonzero(np.isfinite(series))
    values = series[index]
    n = len(values)
    if n < MIN_WINDOWS or np.ptp(values) == 0:
        return None
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    # U_t of Pettitt: twice the ranks up to t, less what they would be without a change.
    u = 2 * np.cumsum(ranks)[:-1] - np.arange(1, n) * (n + 1)
    last = int(np.argmax(np.abs(u)))
    chance = min(1.0, 2 * math.exp(-6 * float(u[last]) ** 2 / (n**3 + n**2)))
    before, after = float(np.median(values[: last + 1])), float(np.median(values[last + 1 :]))
    return ChangePoint(int(index[last + 1]), before, after, chance)
