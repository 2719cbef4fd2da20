"""Series against each other, on/off comparisons, change points, and corrections for many tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.analysis.statistics import benjamini_hochberg, change_point, holm, moves_together, on_off
from diagnose.analysis.statistics.accuracy import autoregressive, false_together_rate

SEEDS = st.integers(min_value=0, max_value=10_000)


# ---------------------------------------------------------------- moves_together


@pytest.mark.parametrize("lag", [0, 2, 5])
def test_finds_an_effect_that_follows_its_cause(lag: int) -> None:
    rng = np.random.default_rng(1)
    cause = autoregressive(rng, 125, 0.7)
    effect = np.roll(cause, lag) + 0.3 * rng.standard_normal(125)
    found = moves_together(cause[5:], effect[5:])
    assert found is not None
    assert found.lag == lag
    assert found.correlation > 0.7
    assert found.p_value <= 0.02


def test_an_effect_before_its_cause_is_none() -> None:
    rng = np.random.default_rng(2)
    cause = autoregressive(rng, 120, 0.7)
    found = moves_together(cause, np.roll(cause, -3))
    assert found is not None
    assert found.p_value > 0.1


def test_independent_series_pass_seldom_however_slowly_they_vary() -> None:
    assert false_together_rate(120, 0.95, runs=150, seed=3) <= 0.12
    assert false_together_rate(300, 0.9, runs=100, seed=4) <= 0.12


def test_a_few_missing_windows_do_not_hide_it() -> None:
    rng = np.random.default_rng(4)
    cause = autoregressive(rng, 120, 0.5)
    effect = np.roll(cause, 1) + 0.1 * rng.standard_normal(120)
    cause[[10, 40]] = np.nan
    effect[[7, 80, 81]] = np.nan
    found = moves_together(cause, effect)
    assert found is not None
    assert found.lag == 1
    assert found.p_value < 0.05


def test_too_short_constant_or_missing_series_say_nothing() -> None:
    rng = np.random.default_rng(5)
    walk = rng.standard_normal(60)
    assert moves_together(walk[:15], walk[:15]) is None
    assert moves_together(np.ones(60), walk) is None
    assert moves_together(walk, np.full(60, np.nan)) is None
    with pytest.raises(ValueError, match="windows"):
        moves_together(walk, walk[:-1])


# Powers of two: other factors round equal differences apart, and ties decide between nearly equal lags.
@given(SEEDS, st.integers(-6, 6), st.floats(min_value=-1000, max_value=1000))
@settings(max_examples=25, deadline=None)
def test_units_and_offsets_change_nothing(seed: int, power: int, offset: float) -> None:
    rng = np.random.default_rng(seed)
    cause, effect = rng.standard_normal(50).round(3), rng.standard_normal(50).round(3)
    one, other = moves_together(cause, effect), moves_together(cause, 2 * effect + round(offset))
    assert one is not None
    assert other is not None
    assert one.p_value == pytest.approx(other.p_value, abs=0.05)
    assert one.correlation == pytest.approx(other.correlation, abs=0.02)
    scaled = moves_together(2.0**power * cause, effect)
    assert scaled is not None
    assert scaled.lag == one.lag


# ---------------------------------------------------------------- on_off


def bursts(cycles: int, length: int = 10) -> np.ndarray:
    return np.tile(np.repeat([0.0, 100.0], length), cycles)


def test_bursts_compared_with_the_idle_windows() -> None:
    rng = np.random.default_rng(6)
    activity = bursts(4)
    found = on_off(activity, np.where(activity > 0, 30.0, 2.0) + rng.random(len(activity)))
    assert found is not None
    assert (found.cycles, found.active_windows, found.idle_windows) == (4, 40, 40)
    assert found.delta == 1
    assert found.low is not None
    assert found.high is not None
    assert found.low < 28 < found.high
    assert found.high - found.low < 2


def test_one_onset_is_one_observation_without_an_interval() -> None:
    activity = bursts(1, 20)
    found = on_off(activity, activity / 10)
    assert found is not None
    assert (found.cycles, found.low, found.high) == (1, None, None)


def test_active_from_the_start_has_no_onset() -> None:
    found = on_off(bursts(1, 20)[::-1].copy(), np.arange(40.0))
    assert found is not None
    assert found.cycles == 0


def test_no_effect_is_no_effect() -> None:
    rng = np.random.default_rng(8)
    found = on_off(bursts(5), rng.random(100))
    assert found is not None
    assert abs(found.delta) < 0.3
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_what_is_steady_has_no_on_and_off() -> None:
    rng = np.random.default_rng(9)
    assert on_off(100 + rng.random(60), rng.random(60)) is None
    assert on_off(np.full(60, 5.0), rng.random(60)) is None
    assert on_off(np.full(60, np.nan), rng.random(60)) is None
    assert on_off(np.array([0.0, 0, 0, 9, 9]), np.zeros(5)) is None


def test_missing_windows_are_left_out() -> None:
    activity, effect = bursts(3), bursts(3) / 10
    activity[3], effect[15] = np.nan, np.nan
    found = on_off(activity, effect)
    assert found is not None
    assert found.active_windows + found.idle_windows == 58
    assert found.delta == 1


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_turning_the_effect_round_turns_delta_round(seed: int) -> None:
    effect = np.random.default_rng(seed).standard_normal(60)
    one, other = on_off(bursts(3), effect), on_off(bursts(3), -effect)
    assert one is not None
    assert other is not None
    assert one.delta == pytest.approx(-other.delta)
    assert -1 <= one.delta <= 1


# ---------------------------------------------------------------- change_point


def test_finds_the_onset() -> None:
    rng = np.random.default_rng(10)
    series = np.concatenate([rng.random(40), 5 + rng.random(30)])
    found = change_point(series)
    assert found is not None
    assert found.window == 40
    assert found.before < 1 < 5 < found.after
    assert found.p_value < 1e-6


def test_windows_are_counted_with_the_missing_ones() -> None:
    series = np.concatenate([np.zeros(20), np.ones(20)])
    series[[2, 3, 30]] = np.nan
    found = change_point(series)
    assert found is not None
    assert found.window == 20


def test_no_onset() -> None:
    assert change_point(np.ones(50)) is None
    assert change_point(np.arange(5.0)) is None
    found = change_point(np.random.default_rng(11).random(60))
    assert found is not None
    assert found.p_value > 0.05


# ---------------------------------------------------------------- many tests


def test_known_corrections() -> None:
    # p.adjust of R, the same four values.
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert holm([]).size == 0
    assert benjamini_hochberg([]).size == 0


@given(st.lists(st.floats(min_value=0, max_value=1), max_size=30))
def test_corrections_never_help_the_accuser_and_keep_the_order(p: list[float]) -> None:
    strict, lenient = holm(p), benjamini_hochberg(p)
    assert all(s >= m - 1e-12 and m >= v - 1e-12 for s, m, v in zip(strict, lenient, p, strict=True))
    assert all(0 <= s <= 1 for s in strict)
    order = np.argsort(p, kind="stable")
    assert all(np.diff(strict[order]) >= -1e-12)
    assert all(np.diff(lenient[order]) >= -1e-12)
