"""The latency bins shared by the BPF programs, the capture and the statistics.

Log-linear: below 8 ns a bin a nanosecond, above it 8 equal bins in every octave (a bin is at most 12.5 % wide, so any
percentile is known to about 6 %). `bpf/common.h` computes the same index; a test holds the two together.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

SUB_BITS = 3
BINS_PER_OCTAVE = 1 << SUB_BITS
BINS = 288
"""The last bin begins at 15 * 2^34 ns (258 s) and holds everything longer."""


def bin_of(ns: int) -> int:
    """Return the bin of a latency in ns (0 <= ns); everything past the last bin falls into it."""
    if ns < BINS_PER_OCTAVE:
        return ns
    octave = ns.bit_length() - 1 - SUB_BITS
    return min((octave << SUB_BITS) + (ns >> octave), BINS - 1)


@cache
def lower_edges() -> NDArray[np.float64]:
    """Return the lower edge of each bin in ns, shape (BINS + 1,); the last entry is the upper edge of the last bin.

    The array is one for all, and read-only.
    """
    index = np.arange(BINS + 1)
    octave = np.maximum((index >> SUB_BITS) - 1, 0)
    mantissa = np.where(index < BINS_PER_OCTAVE, index, BINS_PER_OCTAVE + (index & (BINS_PER_OCTAVE - 1)))
    edges: NDArray[np.float64] = (mantissa * 2.0**octave).astype(np.float64)
    edges.flags.writeable = False
    return edges


def time_ns(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return how long the reads of each bin took together, in ns, shape (BINS,), from a histogram of that shape.

    Each is taken for the geometric middle of its bin, which is at most 6 % off.
    """
    edges = lower_edges()
    return counts.astype(np.float64) * np.sqrt(np.maximum(edges[:-1], 1) * edges[1:])


def percentile(counts: NDArray[np.integer], q: float) -> float | None:
    """Return the q-quantile (0 to 1) in ns of a histogram of shape (BINS,), log-interpolated; None if it is empty."""
    total = int(counts.sum())
    if total == 0:
        return None
    edges = lower_edges()
    cumulative = np.cumsum(counts)
    rank = q * total
    # At least the first counted bin: rank 0 would be found in the empty ones before it.
    index = int(np.searchsorted(cumulative, max(rank, 1e-9), side="left"))
    index = min(index, BINS - 1)
    before = float(cumulative[index] - counts[index])
    inside = 0.0 if counts[index] == 0 else (rank - before) / float(counts[index])
    low, high = max(edges[index], 1.0), max(edges[index + 1], 1.0)
    return float(low * (high / low) ** min(max(inside, 0.0), 1.0))


def percentile_seconds(counts: NDArray[np.integer], q: float) -> float | None:
    """Return the q-quantile in seconds; None of an empty histogram."""
    ns = percentile(counts, q)
    return None if ns is None else ns / 1e9
