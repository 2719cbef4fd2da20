"""Are there two populations in a latency histogram? (pure)

A two-component Gaussian mixture on log2 latency, fitted to binned counts, and accepted only when four things hold
(simulated for this project, see `accuracy.py`; on a test of its own, each is wrong too often):

- the Bayesian information criterion prefers two components to one by more than 10 (Raftery 1995, "very strong");
  alone it fires on any heavy tail;
- Ashman's D > 2: the means are clearly apart (Ashman, Bird, Zepf 1994);
- the minor mode holds more than 0.2 % of the samples, and at least `MIN_MODE_SAMPLES`;
- an antimode lies between: a stretch of latencies that is significantly emptier than the modes on either side of it.

A slow mode of 0.5 % is the realistic case, so the fit starts from many splits and each accepted one is returned: the
likeliest fit of a skewed fast mode may well spend its second component on the skew. Of 5000 reads a slow mode of 0.5 %
is found practically always, of 2000 (ten slow reads) in about 85 % of samples, of 1000 seldom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from diagnose import histogram

Floats = NDArray[np.float64]

MIN_SAMPLES = 100
"""Fewer samples cannot show a mode of a few per cent; the test then says nothing."""
MIN_MODE_SAMPLES = 5
MIN_MINOR_WEIGHT = 0.002
MIN_DELTA_BIC = 10.0
MIN_ASHMAN_D = 2.0
MAX_DIP_CHANCE = 0.01
"""Chance that equally dense stretches differ as much as antimode and mode do (one-sided, conditional on their sum)."""

MAX_DIP_RATIO = 0.75
"""The antimode's count over the mode's: among a million reads a dent of a few per cent is significant, and no gap."""

_ITERATIONS = 60
_STARTS = 16
_BIN_WIDTH = 1 / histogram.BINS_PER_OCTAVE
_MIN_SIGMA = _BIN_WIDTH
"""In octaves. Below a bin's width the data cannot tell one narrow mode from two adjacent bins."""


@dataclass(frozen=True)
class Mode:
    """One population: the median of its latencies in ns, and its share of all samples (0 to 1)."""

    latency_ns: float
    weight: float


@dataclass(frozen=True)
class TwoModes:
    """Two populations, divided at `antimode_ns`; weights and medians are counted in the histogram, not in the fit."""

    fast: Mode
    slow: Mode
    antimode_ns: float
    delta_bic: float
    ashman_d: float

    @property
    def times_slower(self) -> float:
        """Median of the slow mode over that of the fast one."""
        return self.slow.latency_ns / self.fast.latency_ns


ModeFailure = Literal["one-population", "overlap", "small-minor-mode", "no-gap"]
"""The demand that a division into two modes did not meet, in the order in which they are made."""


@dataclass(frozen=True)
class ModeTest:
    """Every accepted division of the samples, likeliest first; where there is none, `failure` says which demand failed.

    `found` is None with fewer than `MIN_SAMPLES` samples: then nothing can be said either way.
    """

    samples: int
    splits: tuple[TwoModes, ...]
    failure: ModeFailure | None = None

    @property
    def found(self) -> bool | None:
        return None if self.samples < MIN_SAMPLES else bool(self.splits)

    @property
    def best(self) -> TwoModes | None:
        return self.splits[0] if self.splits else None

    @property
    def antimode_ns(self) -> float | None:
        return self.splits[0].antimode_ns if self.splits else None


@dataclass(frozen=True)
class _Fit:
    """Weights, means and standard deviations of the components, in octaves; the mean log likelihood is a sum."""

    weight: Floats
    mean: Floats
    sigma: Floats
    log_likelihood: float


def two_modes(counts: NDArray[np.integer]) -> ModeTest:
    """Test a latency histogram (counts in the bins of `diagnose.histogram`, shape (BINS,)) for two populations.

    Deterministic; about 20 ms.
    """
    # Several rules ask the same of one histogram; the answer is kept by its content.
    return _two_modes(np.ascontiguousarray(counts, dtype=np.int64).tobytes())


@lru_cache(maxsize=32)
def _two_modes(content: bytes) -> ModeTest:
    counts = np.frombuffer(content, dtype=np.int64)
    samples = int(counts.sum())
    if samples < MIN_SAMPLES:
        return ModeTest(samples, ())
    data = _Binned.of(counts)
    single = data.moments(data.count[:, None])
    accepted: dict[int, TwoModes] = {}
    failures: list[ModeFailure] = []
    for fit in [fit for start in data.starts() for fit in (start, data.em(start))]:
        result = _judge(data, fit, single)
        if not isinstance(result, TwoModes):
            failures.append(result)
            continue
        # Fits that divide the samples alike are one division; the likeliest of them speaks for it.
        fast_samples = round(result.fast.weight * samples)
        known = accepted.get(fast_samples)
        if known is None or result.delta_bic > known.delta_bic:
            accepted[fast_samples] = result
    splits = tuple(sorted(accepted.values(), key=lambda s: -s.delta_bic))
    return ModeTest(samples, splits, None if splits else _furthest(failures))


def _furthest(failures: list[ModeFailure]) -> ModeFailure:
    """Return the failure of the candidate that met most demands; nothing to try at all is one narrow mode."""
    return max(failures, key=get_args(ModeFailure).index, default="one-population")


def _judge(data: _Binned, fit: _Fit, single: _Fit) -> TwoModes | ModeFailure:
    """Return the accepted division, or the demand that it fails."""
    # Three more parameters than a single Gaussian: a mean, a deviation and a weight.
    delta_bic = 2 * (fit.log_likelihood - single.log_likelihood) - 3 * math.log(data.total)
    if not delta_bic > MIN_DELTA_BIC:
        return "one-population"
    low, high = (0, 1) if fit.mean[0] <= fit.mean[1] else (1, 0)
    distance = float(fit.mean[high] - fit.mean[low])
    ashman = math.sqrt(2) * distance / math.hypot(float(fit.sigma[low]), float(fit.sigma[high]))
    if not ashman > MIN_ASHMAN_D:
        return "overlap"
    widths = [_stretch(distance, float(fit.sigma[i])) for i in (low, high)]
    antimode, _ = data.emptiest(float(fit.mean[low]), float(fit.mean[high]), max(widths))
    slow_weight = (data.total - data.below(antimode)) / data.total
    minor = min(slow_weight, 1 - slow_weight)
    if minor <= MIN_MINOR_WEIGHT or minor * data.total < MIN_MODE_SAMPLES:
        return "small-minor-mode"
    if not data.dips(antimode, widths[0], fast=True) or not data.dips(antimode, widths[1], fast=False):
        return "no-gap"
    fast = Mode(2 ** data.quantile((1 - slow_weight) / 2), 1 - slow_weight)
    slow = Mode(2 ** data.quantile(1 - slow_weight / 2), slow_weight)
    return TwoModes(fast, slow, 2**antimode, delta_bic, ashman)


def _stretch(distance: float, sigma: float) -> float:
    """Width in octaves of the stretches compared: most of a mode, but well within the distance between the two."""
    return max(_BIN_WIDTH, min(3 * sigma, distance / 3))


def _chance_of_dip(valley: float, peak: float) -> float:
    """Return the chance that the smaller of two equally likely counts is at most `valley` (binomial, or normal)."""
    total = valley + peak
    if total == 0:
        return 1.0
    if total <= 60:
        n, k = round(total), math.floor(valley)
        return float(sum(math.comb(n, i) for i in range(k + 1)) / 2**n)
    return 0.5 * math.erfc((peak - valley) / math.sqrt(2 * total))


@dataclass(frozen=True)
class _Binned:
    """A histogram on the log2 axis. Only bins with samples are kept for the fit, so it stays fast.

    `count`, `position` (log2 of the bin's centre) and `width` (octaves): shape (bins in use,). `edge`, `cumulative`:
    shape (BINS + 1,), the distribution function, linear within a bin.
    """

    count: Floats
    position: Floats
    width: Floats
    edge: Floats
    cumulative: Floats

    @classmethod
    def of(cls, counts: NDArray[np.integer]) -> _Binned:
        # Half a nanosecond stands for 0: the first bin begins there and its logarithm must be finite.
        edge = np.log2(np.maximum(histogram.lower_edges(), 0.5))
        used = np.flatnonzero(counts)
        middle = (edge[1:] + edge[:-1]) / 2
        count = counts[used].astype(np.float64)
        return cls(count, middle[used], np.diff(edge)[used], edge, np.concatenate([[0.0], np.cumsum(counts)]))

    @property
    def total(self) -> float:
        return float(self.cumulative[-1])

    def below(self, position: float) -> float:
        """Return how many samples lie below a position (log2 ns)."""
        return float(np.interp(position, self.edge, self.cumulative))

    def quantile(self, q: float) -> float:
        """Return the q-quantile (0 to 1) in log2 ns."""
        rank = q * self.total
        index = min(int(np.searchsorted(self.cumulative, rank, side="left")), len(self.edge) - 1)
        inside = (rank - self.cumulative[index - 1]) / max(self.cumulative[index] - self.cumulative[index - 1], 1e-300)
        return float(self.edge[index - 1] + inside * (self.edge[index] - self.edge[index - 1]))

    def sliding(self, low: float, high: float, width: float) -> tuple[Floats, Floats]:
        """Return centres and counts of stretches of `width` octaves whose centres lie from `low` to `high`."""
        centre = np.arange(low, max(high, low) + 1e-9, _BIN_WIDTH / 2)
        counts = np.interp(centre + width / 2, self.edge, self.cumulative)
        return centre, counts - np.interp(centre - width / 2, self.edge, self.cumulative)

    def emptiest(self, low: float, high: float, width: float) -> tuple[float, float]:
        """Return centre and count of the emptiest stretch between; of equally empty ones the middle one."""
        centre, counts = self.sliding(low + width / 2, high - width / 2, width)
        least = counts.min()
        candidates = np.flatnonzero(counts <= least + 1e-9)
        return float(centre[candidates[len(candidates) // 2]]), float(least)

    def dips(self, antimode: float, width: float, fast: bool) -> bool:
        """Say whether a stretch about the antimode is emptier than the fullest as wide beyond it, chance aside."""
        valley = float(self.sliding(antimode, antimode, width)[1][0])
        sides = (float(self.position[0]), antimode) if fast else (antimode, float(self.position[-1]))
        peak = float(self.sliding(*sides, width)[1].max())
        return valley <= MAX_DIP_RATIO * peak and _chance_of_dip(valley, peak) <= MAX_DIP_CHANCE

    def moments(self, responsibility: Floats) -> _Fit:
        """M step: fit Gaussians to shares of the counts, shape (bins, components), then their likelihood."""
        mass = np.maximum(responsibility.sum(axis=0), 1e-9)
        mean = responsibility.T @ self.position / mass
        # Sheppard in reverse: within a bin the samples spread evenly, which adds width²/12 to the centres' variance.
        spread = (self.position[:, None] - mean) ** 2 + self.width[:, None] ** 2 / 12
        sigma = np.maximum(np.sqrt((responsibility * spread).sum(axis=0) / mass), _MIN_SIGMA)
        weight = mass / mass.sum()
        density = self.log_density(weight, mean, sigma)
        return _Fit(weight, mean, sigma, float(self.count @ _log_sum(density)))

    def log_density(self, weight: Floats, mean: Floats, sigma: Floats) -> Floats:
        """Return log(weight × probability of the bin), shape (bins, components)."""
        z = (self.position[:, None] - mean) / sigma
        constant = np.log(weight) - np.log(sigma) - 0.5 * math.log(2 * math.pi)
        return np.asarray(constant - 0.5 * z * z + np.log(self.width)[:, None], dtype=np.float64)

    def starts(self) -> list[_Fit]:
        """Return the fits of hard splits: at even distances over the range, and at the emptiest places."""
        low, high = self.position[0], self.position[-1]
        cuts = list(np.linspace(low, high, _STARTS + 2)[1:-1])
        gaps = np.diff(self.position) - _BIN_WIDTH
        cuts += [
            (self.position[i] + self.position[i + 1]) / 2 for i in np.argsort(-gaps, kind="stable")[:4] if gaps[i] > 0
        ]
        splits = []
        for cut in sorted(set(cuts)):
            fast = self.position < cut
            if fast.any() and not fast.all():
                splits.append(self.moments(self.count[:, None] * np.column_stack([fast, ~fast])))
        return splits

    def em(self, fit: _Fit) -> _Fit:
        """Expectation-maximisation from a start, until it gains less than a hundredth of a nat."""
        for _ in range(_ITERATIONS):
            density = self.log_density(fit.weight, fit.mean, fit.sigma)
            share = np.exp(density - _log_sum(density)[:, None])
            better = self.moments(self.count[:, None] * share)
            if better.log_likelihood - fit.log_likelihood < 0.01:
                return better
            fit = better
        return fit


def _log_sum(density: Floats) -> Floats:
    """Return log(sum(exp(density))) over the components."""
    top = density.max(axis=1)
    return np.asarray(top + np.log(np.exp(density - top[:, None]).sum(axis=1)), dtype=np.float64)
