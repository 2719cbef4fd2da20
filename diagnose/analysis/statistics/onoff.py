"""A neighbour that comes and goes: the effect in its active windows against its idle ones (pure).

Windows within a burst are no independent observations, cycles are: the interval of the difference comes from one
difference a cycle (Student's t over cycles). One onset is one observation, and carries no interval at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_WINDOWS = 3
"""Active windows, and idle ones, without which nothing is compared."""
MIN_CONTRAST = 3.0
"""Active windows are busier than idle ones by this factor at least; less is not on and off."""

# Student's t, 97.5 %, for 1 to 30 degrees of freedom (any table); beyond, the normal value with 2.4/dof on top.
# fmt: off
_T975 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
         2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)
# fmt: on


@dataclass(frozen=True)
class OnOff:
    """The comparison. `delta` is Cliff's: the chance that an active window exceeds an idle one, less the reverse.

    `difference` and its 95 % interval (`low`, `high`; None with fewer than two cycles) are in the effect's unit.
    """

    active_windows: int
    idle_windows: int
    cycles: int
    active_mean: float
    idle_mean: float
    delta: float
    difference: float
    low: float | None
    high: float | None


def on_off(activity: Floats, effect: Floats) -> OnOff | None:
    """Compare `effect` between the active and the idle windows of `activity`; both of shape (windows,), NaN missing.

    Returns None where activity does not come in bursts, or either kind of window is rarer than `MIN_WINDOWS`.
    """
    if activity.shape != effect.shape:
        raise ValueError(f"series of {activity.shape} and {effect.shape} windows")
    known = np.isfinite(activity) & np.isfinite(effect)
    activity, effect = activity[known], effect[known]
    active = _active(activity)
    if active is None or min(active.sum(), (~active).sum()) < MIN_WINDOWS:
        return None
    on, off = effect[active], effect[~active]
    differences = _by_cycle(active, effect)
    low, high = _interval(differences)
    difference = float(np.mean(differences)) if differences else float(on.mean() - off.mean())
    means = float(on.mean()), float(off.mean())
    return OnOff(len(on), len(off), len(differences), *means, _cliff(on, off), difference, low, high)


def parted(activity: Floats, effect: Floats) -> tuple[int, int] | None:
    """Return how many active and how many idle windows there are where both are known; None: there are no bursts."""
    active = _active(activity[np.isfinite(activity) & np.isfinite(effect)])
    return None if active is None else (int(active.sum()), int((~active).sum()))


def _active(activity: Floats) -> NDArray[np.bool_] | None:
    """Divide the windows where the variance between the two groups is greatest (Otsu 1979); None: no clear division."""
    values = np.sort(activity)
    n = len(values)
    if n < 2 * MIN_WINDOWS or values[0] == values[-1]:
        return None
    left = np.arange(1, n)
    sums = np.cumsum(values)
    low, high = sums[:-1] / left, (sums[-1] - sums[:-1]) / (n - left)
    between = np.where(np.diff(values) > 0, left * (n - left) * (high - low) ** 2, -1.0)
    cut = int(np.argmax(between))
    if high[cut] < MIN_CONTRAST * max(float(low[cut]), 0.0):
        return None
    return np.asarray(activity > (values[cut] + values[cut + 1]) / 2)


def _by_cycle(active: NDArray[np.bool_], effect: Floats) -> list[float]:
    """Return, for each burst with idle windows before it, its mean effect less that of those windows."""
    starts = np.flatnonzero(np.diff(active.astype(np.int8))) + 1
    runs = np.split(effect, starts)
    first_active = bool(active[0])
    pairs = pairwise(runs)
    return [float(on.mean() - off.mean()) for i, (off, on) in enumerate(pairs) if (i % 2 == 1) == first_active]


def _interval(differences: list[float]) -> tuple[float | None, float | None]:
    n = len(differences)
    if n < 2:
        return None, None
    t = _T975[n - 2] if n - 1 <= len(_T975) else 1.96 + 2.4 / (n - 1)
    half = t * float(np.std(differences, ddof=1)) / math.sqrt(n)
    centre = float(np.mean(differences))
    return centre - half, centre + half


def _cliff(on: Floats, off: Floats) -> float:
    """Return Cliff's delta (1993), -1 to 1, in n log n: ranks of `on` among `off`, ties counting half."""
    ordered = np.sort(off)
    below = np.searchsorted(ordered, on, side="left").sum()
    above = (len(off) - np.searchsorted(ordered, on, side="right")).sum()
    return float((below - above) / (len(on) * len(off)))
