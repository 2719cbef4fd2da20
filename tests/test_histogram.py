"""The latency bins: no gap, no overlap, and percentiles that stay within the bin they come from."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose import resources
from diagnose.histogram import BINS, BINS_PER_OCTAVE, bin_of, lower_edges, percentile

EDGES = [int(edge) for edge in lower_edges()]
latencies = st.one_of(st.integers(0, 1 << 20), st.integers(0, (1 << 64) - 1))
histograms = st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 10**9), min_size=1, max_size=20)
shares = st.floats(0, 1)


def counts_of(bins: dict[int, int]) -> np.ndarray:
    counts = np.zeros(BINS, np.int64)
    for index, count in bins.items():
        counts[index] = count
    return counts


def test_the_edges_are_whole_numbers_that_rise_without_a_gap() -> None:
    assert (np.diff(lower_edges()) >= 1).all()
    assert lower_edges().shape == (BINS + 1,)
    assert [float(e) for e in EDGES] == lower_edges().tolist()


@given(latencies)
def test_a_latency_lies_between_the_edges_of_its_bin(ns: int) -> None:
    index = bin_of(ns)
    assert EDGES[index] <= ns
    assert ns < EDGES[index + 1] or index == BINS - 1


@given(latencies, latencies)
def test_a_longer_latency_never_falls_into_a_lower_bin(a: int, b: int) -> None:
    assert (bin_of(min(a, b))) <= bin_of(max(a, b))


def test_every_bin_holds_its_lower_edge_and_not_the_next() -> None:
    assert [bin_of(edge) for edge in EDGES[:-1]] == list(range(BINS))
    assert [bin_of(edge - 1) for edge in EDGES[1:]] == list(range(BINS))


def test_a_bin_is_at_most_an_eighth_of_an_octave_wide() -> None:
    widths = np.diff(lower_edges())[BINS_PER_OCTAVE:] / lower_edges()[BINS_PER_OCTAVE:-1]
    assert widths.max() <= 1 / BINS_PER_OCTAVE


def test_the_last_bin_begins_where_its_docstring_says() -> None:
    assert EDGES[BINS - 1] == 15 * 2**34
    assert bin_of(2**64 - 1) == BINS - 1


def test_the_programs_in_the_kernel_count_as_many_bins() -> None:
    text = (resources.folder("bpf") / "common.h").read_text()
    assert re.search(rf"^#define BINS {BINS}$", text, re.MULTILINE)


def test_an_empty_histogram_has_no_percentile() -> None:
    assert percentile(np.zeros(BINS, np.int64), 0.5) is None


@given(histograms, shares)
def test_a_percentile_lies_within_the_counted_bins(bins: dict[int, int], q: float) -> None:
    value = percentile(counts_of(bins), q)
    assert value is not None
    assert max(EDGES[min(bins)], 1) * (1 - 1e-12) <= value <= max(EDGES[max(bins) + 1], 1) * (1 + 1e-12)


@given(histograms, shares, shares)
def test_a_higher_percentile_is_never_smaller(bins: dict[int, int], p: float, q: float) -> None:
    low, high = percentile(counts_of(bins), min(p, q)), percentile(counts_of(bins), max(p, q))
    assert low is not None
    assert high is not None
    assert low <= high * (1 + 1e-12)


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=200), shares)
def test_a_percentile_is_that_of_the_samples_to_the_width_of_a_bin(samples: list[int], q: float) -> None:
    counts = np.bincount([bin_of(ns) for ns in samples], minlength=BINS)
    exact = sorted(samples)[max(0, int(np.ceil(q * len(samples) - 1e-9)) - 1)]
    value = percentile(counts, q)
    assert value is not None
    index = bin_of(exact)
    assert max(EDGES[index], 1) * (1 - 1e-12) <= value <= EDGES[index + 1] * (1 + 1e-12)


@given(histograms)
def test_the_lowest_percentile_begins_at_the_first_counted_bin(bins: dict[int, int]) -> None:
    value = percentile(counts_of(bins), 0)
    assert value == pytest.approx(max(EDGES[min(bins)], 1))
