"""Intervals for what is measured in windows that depend on each other: blocks of windows, left out in turn (pure).

Windows within a burst of the neighbour resemble each other, so they are no independent observations. A capture is cut
into blocks of neighbouring windows, the statistic is computed without each block in turn (the delete-a-group
jackknife; Efron and Tibshirani 1993, ch. 11; Künsch 1989 for blocks), and the spread of these gives the standard
error. No random numbers: the same captures give the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[NDArray[np.bool_]], float | None]
"""A statistic of the points that are kept, a mask of shape (points,); None where it cannot be computed."""

MIN_POINTS = 8
MIN_BLOCKS, MAX_BLOCKS, POINTS_A_BLOCK = 4, 10, 6

# Student's t, 97.5 %, for 1 to 30 degrees of freedom (any table); beyond, 1.96 with 2.4/dof on top
# fmt: off
_T975 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
         2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)
# fmt: on


@dataclass(frozen=True)
class Estimate:
    """A statistic with its variance; `blocks` - 1 degrees of freedom."""

    value: float
    variance: float
    blocks: int


@dataclass(frozen=True)
class Difference:
    """after - before with its 95 % interval, in the statistic's unit."""

    value: float
    low: float
    high: float


def estimate(points: int, statistic: Statistic) -> Estimate | None:
    """Return the statistic over all points with its jackknife variance; None with too few points to tell."""
    if points < MIN_POINTS:
        return None
    blocks = min(max(points // POINTS_A_BLOCK, MIN_BLOCKS), MAX_BLOCKS)
    block_of = np.arange(points) * blocks // points
    value = statistic(np.ones(points, np.bool_))
    without = [statistic(block_of != block) for block in range(blocks)]
    known = np.array([w for w in without if w is not None], np.float64)
    if value is None or len(known) < MIN_BLOCKS:
        return None
    n = len(known)
    return Estimate(value, float((n - 1) / n * np.sum((known - known.mean()) ** 2)), n)


def difference(before: Estimate, after: Estimate) -> Difference:
    """Return after - before, with Welch's degrees of freedom (1947)."""
    spread = before.variance + after.variance
    parts = sum(e.variance**2 / (e.blocks - 1) for e in (before, after))
    dof = spread**2 / parts if parts > 0 else before.blocks + after.blocks - 2
    half = t975(dof) * math.sqrt(spread)
    value = after.value - before.value
    return Difference(value, value - half, value + half)


def t975(dof: float) -> float:
    """Return Student's t for a two-sided 95 % interval, rounded down to whole degrees of freedom."""
    whole = max(1, int(dof))
    return _T975[whole - 1] if whole <= len(_T975) else 1.96 + 2.4 / whole


def share_of(part: Floats, total: Floats) -> Statistic:
    """Return the statistic sum(part)/sum(total)."""

    def share(keep: NDArray[np.bool_]) -> float | None:
        whole = float(total[keep].sum())
        return float(part[keep].sum()) / whole if whole > 0 else None

    return share


def cliff(before: Floats, after: Floats) -> float:
    """Return Cliff's delta (1993): the chance that an `after` exceeds a `before`, less the reverse; -1 to 1."""
    ordered = np.sort(before)
    below = np.searchsorted(ordered, after, side="left").sum()
    above = (len(ordered) - np.searchsorted(ordered, after, side="right")).sum()
    return float((below - above) / (len(before) * len(after)))
