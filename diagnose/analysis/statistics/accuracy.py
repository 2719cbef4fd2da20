"""How often are the statistics right? Seeded simulation: `python -m diagnose.analysis.statistics.accuracy`.

Nothing at run time imports this module. The tests run it small, whoever moves a cut-off runs it large.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from diagnose import histogram
from diagnose.analysis.statistics.modes import two_modes
from diagnose.analysis.statistics.together import moves_together

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator], Floats]

READS = 5000


def binned(latency_ns: Floats) -> NDArray[np.int64]:
    """Return the histogram (shape (BINS,)) of latencies in ns."""
    index = np.searchsorted(histogram.lower_edges(), np.maximum(latency_ns, 0), side="right") - 1
    return np.bincount(np.clip(index, 0, histogram.BINS - 1), minlength=histogram.BINS).astype(np.int64)


def lognormal(median_ns: float, sigma: float, n: int = READS) -> Draw:
    return lambda rng: median_ns * np.exp(sigma * rng.standard_normal(n))


def exponential(scale_ns: float, shift_ns: float = 0.0, n: int = READS) -> Draw:
    return lambda rng: shift_ns + scale_ns * rng.standard_exponential(n)


def pareto(scale_ns: float, alpha: float, n: int = READS) -> Draw:
    return lambda rng: scale_ns * (1 + rng.pareto(alpha, n))


def with_slow(fast: Draw, slow: Draw, share: float) -> Draw:
    """Replace a share of the fast reads by slow ones (binomially many)."""

    def draw(rng: np.random.Generator) -> Floats:
        quick = fast(rng)
        return np.where(rng.random(len(quick)) < share, slow(rng)[: len(quick)], quick)

    return draw


ONE_MODE: dict[str, Draw] = {
    "narrow lognormal, 2 %": lognormal(900, 0.02),
    "narrow lognormal, 6 %": lognormal(1_300, 0.06),
    "narrow lognormal, 12 %": lognormal(2_000, 0.12),
    "lognormal, sigma 0.5": lognormal(1_500, 0.5),
    "lognormal, sigma 1.5": lognormal(30_000, 1.5),
    "exponential": exponential(2_000),
    "shifted exponential": exponential(300, 1_000),
    "shifted exponential, long": exponential(20_000, 1_000),
    "Pareto, alpha 1": pareto(700, 1.0),
    "Pareto, alpha 2.5": pareto(700, 2.5),
    "few exponential": exponential(2_000, n=500),
    "few Pareto": pareto(700, 1.5, n=500),
}

TWO_MODES: dict[str, Draw] = {
    f"{share:.1%} slow, {times:,}x, {name}": with_slow(fast, lognormal(1_000 * times, 0.5), share)
    for share in (0.005, 0.02, 0.1)
    for times in (100, 1_000)
    for name, fast in (
        ("narrow fast", lognormal(1_000, 0.1)),
        ("wide fast", lognormal(1_000, 0.5)),
        ("skewed fast", exponential(700, 500)),
    )
}


def two_modes_rate(draw: Draw, runs: int, seed: int = 1) -> float:
    """Return the share of samples in which two modes are found."""
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(runs):
        found += two_modes(binned(draw(rng))).found is True
    return found / runs


def autoregressive(rng: np.random.Generator, windows: int, phi: float) -> Floats:
    """Return an AR(1) series, stationary from its first value, shape (windows,)."""
    noise = rng.standard_normal(windows)
    noise[0] /= np.sqrt(1 - phi * phi)
    series = np.empty(windows)
    value = 0.0
    for i, step in enumerate(noise):
        value = phi * value + step
        series[i] = value
    return series


def false_together_rate(windows: int, phi: float, runs: int, seed: int = 1, level: float = 0.05) -> float:
    """Return how often two independent AR(1) series are found to move together at a 5 % level."""
    rng = np.random.default_rng(seed)
    fired = 0
    for _ in range(runs):
        result = moves_together(autoregressive(rng, windows, phi), autoregressive(rng, windows, phi))
        fired += result is not None and result.p_value <= level
    return fired / runs


def table(runs: int) -> str:
    """Return the whole comparison as a Markdown table; `runs` samples a row."""
    lines = ["| case | wanted | found |", "|---|---|---|"]
    lines += [f"| {name} | one mode | {two_modes_rate(draw, runs):.1%} two |" for name, draw in ONE_MODE.items()]
    lines += [f"| {name} | two modes | {two_modes_rate(draw, runs):.1%} two |" for name, draw in TWO_MODES.items()]
    for windows in (60, 120, 300):
        for phi in (0.8, 0.95):
            rate = false_together_rate(windows, phi, runs)
            lines.append(f"| independent series, {windows} windows, φ {phi} | at most 5 % | {rate:.1%} together |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
