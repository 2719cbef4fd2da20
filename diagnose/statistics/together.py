"""Do two series move together, the cause first? Spearman on differences with a circular-shift null (pure).

A bare correlation over many cgroups accuses the innocent: slowly varying series correlate by chance (Granger and
Newbold 1974). So the series are differenced, ranked, compared at lags where the cause leads by 0 to `max_lag`
windows, and the best of those is judged against what the same search finds after shifting one series around the
circle, which keeps its autocorrelation and breaks its timing. Periodic series that repeat within the capture look
like their own shifts: their p-value is high, and `on_off` is the test for them. It screens; it convicts nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_PAIRS = 20
"""Fewer pairs of windows cannot reach a p-value below 5 % after the shifts near the observed lags are left out."""


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
    n = len(by_shift)
    # The statistic at a shift is the best of it and the max_lag shifts after it: what the search over lags would see.
    windows = np.stack([np.roll(by_shift, -lag) for lag in range(max_lag + 1)])
    best = windows.max(axis=0)
    null = best[max_lag + 1 : n - max_lag]
    chance = (1 + int(np.sum(null >= best[0] - 1e-12))) / (1 + len(null))
    return Together(float(best[0]), int(np.argmax(windows[:, 0])), chance, pairs)


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
