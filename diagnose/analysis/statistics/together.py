"""Do two series move together, the cause first? Spearman on differences with a circular-shift null (pure).

A bare correlation over many cgroups accuses the innocent: slowly varying series correlate by chance (Granger and
Newbold 1974). So the series are differenced, ranked, compared at lags where the cause leads by 0 to `max_lag`
windows, and the best of those is judged against the correlations after shifting one series around the circle, which
keeps its autocorrelation and breaks its timing. Periodic series that repeat within the capture look
like their own shifts: their p-value is high, and `on_off` is the test for them. It screens; it convicts nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_PAIRS = 20
"""Fewer pairs of windows leave too few shifts to know the spread of chance correlations from."""


@dataclass(frozen=True)
class Together:
    """The best rank correlation (-1 to 1), the lead of the cause in windows, and the chance of as good a one."""

    correlation: float
    lag: int
    p_value: float
    pairs: int


def moves_together(cause: Floats, effect: Floats, max_lag: int = 5) -> Together | None:
    """Compare two series of equal shape (windows,); NaN marks a missing window.

    Returns None when fewer than `MIN_PAIRS` pairs of differences exist or one of the series never changes.
    """
    if cause.shape != effect.shape:
        raise ValueError(f"series of {cause.shape} and {effect.shape} windows")
    leading, following = _ranks(np.diff(cause)), _ranks(np.diff(effect))
    pairs = int(np.sum(np.isfinite(leading) & np.isfinite(following)))
    if pairs < MIN_PAIRS or len(leading) <= 3 * (max_lag + 1) or _constant(leading) or _constant(following):
        return None
    by_shift = _circular_correlation(leading, following, MIN_PAIRS // 2)
    searched = by_shift[: max_lag + 1]
    best = int(np.argmax(searched))
    return Together(float(searched[best]), best, _chance(searched[best], by_shift[max_lag + 1 :], max_lag + 1), pairs)


def _chance(correlation: float, null: Floats, searched: int) -> float:
    """Return the chance that the best of `searched` lags is as good, given the correlations at all other shifts.

    Counting shifts that do as well cannot serve here: neighbouring shifts share their best lag, so the count is either
    too small (without them; 10 % of independent series pass at 5 %) or never below searched / windows (with them).
    Rank correlations are nearly normal after Fisher's transform, so the shifts give its spread, which is what
    autocorrelation inflates, and the tail is Student's, corrected for the search (Šidák).

    A spread known from few shifts has a heavy tail: with 60 windows and 20 innocent neighbours the normal one let an
    innocent pass in 12 % of captures, Student's with a degree of freedom for every two shifts in 3 %.
    """
    z = np.arctanh(np.clip(null, -0.999, 0.999))
    spread = max(float(z.std(ddof=1)), 1e-6)
    tail = _student_tail((math.atanh(min(correlation, 0.999)) - float(z.mean())) / spread, max(3.0, len(null) / 2))
    return float(-np.expm1(searched * np.log1p(-min(tail, 1 - 1e-12))))


def _student_tail(t: float, dof: float) -> float:
    """Return the chance that Student's t exceeds `t`, by Wallace's (1959) transform to a normal deviate."""
    normal = math.copysign(math.sqrt(dof * math.log1p(t * t / dof)) * (8 * dof + 1) / (8 * dof + 3), t)
    return 0.5 * math.erfc(normal / math.sqrt(2))


def _constant(values: Floats) -> bool:
    finite = values[np.isfinite(values)]
    return finite.size == 0 or bool(np.ptp(finite) == 0)


def _ranks(values: Floats) -> Floats:
    """Return average ranks, ties sharing theirs; what is not finite stays NaN. Same shape."""
    result = np.full(values.shape, np.nan)
    known = np.isfinite(values)
    unique, inverse, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    if unique.size:
        result[known] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return result


def _circular_correlation(cause: Floats, effect: Floats, min_pairs: int) -> Floats:
    """Return Pearson's correlation of effect[t] with cause[t - k] around the circle for every k, shape (windows,).

    Missing windows leave their pairs out: all six sums over pairs come from Fourier transforms of masked series.
    Where fewer than `min_pairs` pairs remain, or one side is constant, the correlation is 0: nothing was seen.
    """
    x, y, mask_x, mask_y = (_standard(cause), _standard(effect), np.isfinite(cause) * 1.0, np.isfinite(effect) * 1.0)
    n = _shifted_sum(mask_x, mask_y)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = _shifted_sum(x, mask_y) / n, _shifted_sum(mask_x, y) / n
        covariance = _shifted_sum(x, y) / n - mean_x * mean_y
        variance = (_shifted_sum(x * x, mask_y) / n - mean_x**2) * (_shifted_sum(mask_x, y * y) / n - mean_y**2)
        correlation = covariance / np.sqrt(variance)
    usable = (n > min_pairs - 0.5) & (variance > 1e-9)
    return np.clip(np.where(usable, correlation, 0.0), -1.0, 1.0)


def _standard(values: Floats) -> Floats:
    """Return the values with mean 0 and deviation 1, so that sums keep their precision; 0 where missing."""
    known = np.isfinite(values)
    return np.where(known, (values - values[known].mean()) / values[known].std(), 0.0)


def _shifted_sum(cause: Floats, effect: Floats) -> Floats:
    """Return sum over t of cause[t - k] * effect[t] for every circular shift k."""
    spectrum = np.conj(np.fft.rfft(cause)) * np.fft.rfft(effect)
    return np.asarray(np.fft.irfft(spectrum, n=len(cause)), dtype=np.float64)
