"""From where on a read is slow: between the populations where there are two, 1 ms where nothing tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from diagnose.analysis.slow_threshold import DEFAULT_NS, LABELLED, SlowThreshold, given, slow_threshold
from diagnose.histogram import BINS, bin_of, lower_edges


def histogram(**counts: int) -> np.ndarray:
    """Return counts by latency: `ns500=3`."""
    result = np.zeros(BINS, np.int64)
    for name, count in counts.items():
        result[bin_of(int(name.removeprefix("ns")))] += count
    return result


def lobe(centre_ns: int, count: int) -> np.ndarray:
    """Return about `count` reads around a latency, as one population spreads them."""
    result = np.zeros(BINS, np.int64)
    around = bin_of(centre_ns)
    result[around - 4 : around + 5] = (count * np.array([1, 3, 8, 15, 20, 15, 8, 3, 1]) / 74).astype(np.int64)
    return result


NONE = histogram()


def test_nothing_measured_gives_the_default() -> None:
    assert slow_threshold(NONE, NONE) == SlowThreshold(DEFAULT_NS, "default")


def test_hits_alone_give_the_default() -> None:
    assert slow_threshold(lobe(600, 100_000), NONE).ns == DEFAULT_NS


def test_labels_that_are_too_few_are_not_trusted() -> None:
    few = histogram(ns9000=LABELLED - 1)
    assert slow_threshold(lobe(600, 100_000), few).ns == DEFAULT_NS
    assert slow_threshold(lobe(600, 100_000), few + histogram(ns9000=1)).ns < 9_001


def test_the_threshold_lies_between_hits_and_misses() -> None:
    threshold = slow_threshold(histogram(ns500=1000, ns3000=50), histogram(ns900000=300, ns5000000=30)).ns
    assert 3000 < threshold <= 900_000


def test_it_lies_in_the_middle_of_the_gap_on_a_log_axis() -> None:
    threshold = slow_threshold(histogram(ns1000=100), histogram(ns1000000=100)).ns
    assert np.log(1000) + 1 < np.log(threshold) < np.log(1_000_000) - 1


def test_a_few_slow_hits_do_not_move_it_into_the_hits() -> None:
    threshold = slow_threshold(histogram(ns500=10_000, ns2000000=20), histogram(ns1000000=300)).ns
    assert 500 < threshold <= 1_000_000


def test_two_modes_without_labels_are_told_apart_by_shape() -> None:
    threshold = slow_threshold(lobe(1_000, 10_000) + lobe(1_000_000, 2_000), NONE).ns
    assert 2_000 < threshold < 900_000


def test_where_every_read_missed_every_read_is_slow() -> None:
    missed = lobe(100_000, 10_000)
    threshold = slow_threshold(histogram(ns800=3), missed).ns
    assert 50_000 < threshold < 100_000
    assert missed[bin_of(round(threshold)) :].sum() >= 0.95 * missed.sum()


def test_two_kinds_of_reads_out_of_memory_are_not_told_apart() -> None:
    assert slow_threshold(lobe(1_000, 10_000) + lobe(4_000, 20_000), NONE).ns == DEFAULT_NS


@for_all(
    st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 10**6), max_size=8),
    st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 10**6), max_size=8),
)
def test_it_is_always_a_latency(hits: dict[int, int], missed: dict[int, int]) -> None:
    counts = [np.zeros(BINS, np.int64) for _ in range(2)]
    for array, bins in zip(counts, (hits, missed), strict=True):
        array[list(bins)] = list(bins.values())
    threshold = slow_threshold(*counts).ns
    assert 1 <= threshold <= lower_edges()[-1]


@pytest.mark.parametrize("where", [0, BINS - 1])
def test_all_reads_in_one_bin_are_no_reason_to_fail(where: int) -> None:
    counts = np.zeros(BINS, np.int64)
    counts[where] = 1000
    assert slow_threshold(counts, counts).ns >= 1


def test_what_a_threshold_is_goes_with_it() -> None:
    fast, slow = lobe(1_000, 10_000), lobe(1_000_000, 2_000)
    assert slow_threshold(NONE, slow).basis == "waiting"
    assert slow_threshold(fast, slow).basis == "separation"
    assert slow_threshold(fast + slow, NONE).basis == "shape"
    assert slow_threshold(fast, NONE).basis == "default"


def test_the_threshold_of_another_capture_counts_from_the_same_bin() -> None:
    own = slow_threshold(lobe(1_000, 10_000), lobe(1_000_000, 2_000))
    rounded = float(f"{own.ns / 1e9:.6g}")  # as reports hold it
    assert given(rounded) == SlowThreshold(own.ns, "given")
    assert given(rounded).first_bin == own.first_bin
