"""The test for two modes, by seeded simulation: it must find small slow modes and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import histogram
from diagnose.analysis.statistics import MIN_SAMPLES, two_modes
from diagnose.analysis.statistics.accuracy import (
    ONE_MODE,
    TWO_MODES,
    binned,
    lognormal,
    pareto,
    two_modes_rate,
    with_slow,
)

HARD = [name for name in TWO_MODES if name.startswith("0.5%")]
RUNS = 15
"""A case; with 12 and 6 cases that is 180 and 90 samples, enough to tell 2 % and 95 % from what is far worse."""


def test_fires_on_at_most_2_percent_of_samples_with_one_mode() -> None:
    rates = {name: two_modes_rate(draw, RUNS, seed=7) for name, draw in ONE_MODE.items()}
    assert np.mean(list(rates.values())) <= 0.02, rates


def test_finds_half_a_percent_of_slow_reads_in_95_percent_of_samples() -> None:
    rates = {name: two_modes_rate(TWO_MODES[name], RUNS, seed=7) for name in HARD}
    assert len(rates) == 6
    assert np.mean(list(rates.values())) >= 0.95, rates


def test_says_where_the_modes_are_and_how_heavy() -> None:
    rng = np.random.default_rng(3)
    draw = with_slow(lognormal(1_200, 0.3, 50_000), lognormal(900_000, 0.4, 50_000), 0.02)
    best = two_modes(binned(draw(rng))).best
    assert best is not None
    assert best.fast.latency_ns == pytest.approx(1_200, rel=0.07)
    assert best.slow.latency_ns == pytest.approx(900_000, rel=0.07)
    assert best.slow.weight == pytest.approx(0.02, abs=0.003)
    assert best.fast.weight + best.slow.weight == pytest.approx(1)
    assert 5_000 < best.antimode_ns < 300_000
    assert best.times_slower == pytest.approx(750, rel=0.1)


def test_a_million_reads_with_a_dent_are_still_one_mode() -> None:
    counts = binned(lognormal(1_500, 0.6, 1_000_000)(np.random.default_rng(5)))
    middle = int(np.argmax(counts)) + 4
    counts[middle] = int(counts[middle] * 0.9)
    assert two_modes(counts).found is False


@pytest.mark.parametrize("bins", [(80,), (80, 81), (3, 4)])
def test_everything_in_one_bin_or_two_neighbouring_ones_is_one_mode(bins: tuple[int, ...]) -> None:
    counts = np.zeros(histogram.BINS, dtype=np.int64)
    counts[list(bins)] = 100_000
    assert two_modes(counts).found is False


def test_two_spikes_far_apart_are_two_modes() -> None:
    counts = np.zeros(histogram.BINS, dtype=np.int64)
    counts[[64, 150]] = 9_000, 1_000
    best = two_modes(counts).best
    assert best is not None
    assert best.slow.weight == pytest.approx(0.1)


def test_too_few_samples_say_nothing() -> None:
    counts = np.zeros(histogram.BINS, dtype=np.int64)
    counts[50] = MIN_SAMPLES - 1
    test = two_modes(counts)
    assert test.found is None
    assert (test.samples, test.failure) == (MIN_SAMPLES - 1, None)
    assert two_modes(np.zeros(histogram.BINS, dtype=np.int64)).found is None


def test_a_heavy_tail_alone_is_named_as_the_reason() -> None:
    test = two_modes(binned(pareto(700, 1.2)(np.random.default_rng(2))))
    assert test.found is False
    assert test.failure == "no-gap"


@given(st.integers(min_value=1, max_value=12), st.integers(min_value=0, max_value=5))
@settings(max_examples=15, deadline=None)
def test_ten_times_slower_on_the_whole_changes_no_weight(octaves: int, seed: int) -> None:
    draw = with_slow(lognormal(1_000, 0.3, 4_000), lognormal(300_000, 0.3, 4_000), 0.03)
    counts = binned(draw(np.random.default_rng(seed)))
    # Above 8 ns a shift by an octave is a shift by exactly eight bins.
    shifted = np.roll(counts, octaves * histogram.BINS_PER_OCTAVE)
    before, after = two_modes(counts).best, two_modes(shifted).best
    assert before is not None
    assert after is not None
    assert after.slow.weight == pytest.approx(before.slow.weight, abs=1e-6)
    assert after.slow.latency_ns == pytest.approx(before.slow.latency_ns * 2**octaves, rel=1e-6)


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=histogram.BINS, max_size=histogram.BINS))
@settings(max_examples=15, deadline=None)
def test_any_histogram_is_answered(counts: list[int]) -> None:
    test = two_modes(np.array(counts, dtype=np.int64))
    for split in test.splits:
        assert split.fast.latency_ns <= split.antimode_ns <= split.slow.latency_ns
        assert 0 < split.slow.weight < 1
