"""From which latency on is a read slow? Said from the labels where there are any, from the shape otherwise (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.statistics import two_modes
from diagnose.capture.base import SlowBasis
from diagnose.histogram import bin_of, lower_edges

LABELLED = 20
"""So many hits and misses must there be before the latency that separates them is looked for."""
ALL_BUT = 0.05
"""Of reads that all waited for a device, the share that may have found their page on its way already."""
TIMES_SLOWER = 10.0
"""A device is slower than memory by two to three decades, never by less than one."""
DEFAULT_NS = float(lower_edges()[bin_of(1_000_000)])
"""With one mode and no misses to tell by: the bin of 1 ms, longer than a copy out of memory takes, of usual sizes."""


@dataclass(frozen=True)
class SlowThreshold:
    """The lower edge of a bin, since reads are counted by bin: what is said of it is what was counted from."""

    ns: float
    basis: SlowBasis

    @property
    def first_bin(self) -> int:
        """The first bin whose reads are slow."""
        return bin_of(round(self.ns))


def given(seconds: float) -> SlowThreshold:
    """Return the threshold of another capture."""
    return SlowThreshold(float(lower_edges()[bin_of(round(seconds * 1e9))]), "given")


def slow_threshold(hits: NDArray[np.int64], missed: NDArray[np.int64]) -> SlowThreshold:
    """Return the latency from which a read counts as slow; hits and missed are histograms of shape (BINS,).

    Where next to every read missed, each of them waited: the latency that all but the fastest twentieth reached.
    With enough of both: the bin edge that best separates missed reads from hits (Youden's index: the share of misses
    at or above it less the share of hits). Otherwise the antimode between two modes a decade apart, otherwise 1 ms.
    """
    if all_waited(hits, missed):
        return SlowThreshold(_fastest(missed), "waiting")
    if hits.sum() >= LABELLED and missed.sum() >= LABELLED:
        return SlowThreshold(_separating_edge(hits, missed), "separation")
    # Reads out of memory make modes of their own, by size or by page size, less than a decade apart.
    waits = [split for split in two_modes(hits + missed).splits if split.times_slower >= TIMES_SLOWER]
    if waits:
        return SlowThreshold(float(max(lower_edges()[bin_of(round(waits[0].antimode_ns))], 1.0)), "shape")
    return SlowThreshold(DEFAULT_NS, "default")


def all_waited(hits: NDArray[np.int64], missed: NDArray[np.int64]) -> bool:
    """Say whether next to every read missed, so that hits are no second population to tell them from."""
    return bool(missed.sum() >= LABELLED and missed.sum() >= LABELLED * hits.sum())


def _fastest(missed: NDArray[np.int64]) -> float:
    reached = np.cumsum(missed) >= ALL_BUT * missed.sum()
    return float(max(lower_edges()[:-1][int(np.argmax(reached))], 1.0))


def _separating_edge(hits: NDArray[np.int64], missed: NDArray[np.int64]) -> float:
    edges = lower_edges()[:-1]
    caught = np.cumsum(missed[::-1])[::-1] / missed.sum()
    false_alarms = np.cumsum(hits[::-1])[::-1] / hits.sum()
    gain = caught - false_alarms
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    # Between the two populations all edges are equally good: the middle one, on the log axis of the bins.
    return float(max(edges[best[len(best) // 2]], 1.0))
