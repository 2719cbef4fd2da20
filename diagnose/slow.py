"""From which latency on is a read slow? Said from the labels where there are any, from the shape otherwise (pure)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diagnose.histogram import lower_edges
from diagnose.statistics import two_modes

LABELLED = 20
"""So many hits and misses must there be before the latency that separates them is looked for."""
DEFAULT_NS = 1_000_000.0
"""With one mode and no misses to tell by: 1 ms, longer than a copy out of memory takes, of usual sizes."""


def slow_threshold_ns(hits: NDArray[np.int64], missed: NDArray[np.int64]) -> float:
    """Return the latency in ns from which a read counts as slow; hits and missed are histograms of shape (BINS,).

    With enough of both: the bin edge that best separates missed reads from hits (Youden's index: the share of misses
    at or above it less the share of hits). Otherwise the antimode between two modes, otherwise 1 ms.
    """
    if hits.sum() >= LABELLED and missed.sum() >= LABELLED:
        return _separating_edge(hits, missed)
    modes = two_modes(hits + missed)
    if modes is not None and modes.best is not None:
        return float(modes.best.antimode_ns)
    return DEFAULT_NS


def _separating_edge(hits: NDArray[np.int64], missed: NDArray[np.int64]) -> float:
    edges = lower_edges()[:-1]
    caught = np.cumsum(missed[::-1])[::-1] / missed.sum()
    false_alarms = np.cumsum(hits[::-1])[::-1] / hits.sum()
    gain = caught - false_alarms
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    # Between the two populations all edges are equally good: the middle one, on the log axis of the bins.
    return float(max(edges[best[len(best) // 2]], 1.0))
