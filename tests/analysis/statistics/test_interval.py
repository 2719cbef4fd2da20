"""Intervals over dependent windows: how often they hold the truth, counted on simulated captures."""

from __future__ import annotations

import numpy as np
import pytest

from diagnose.analysis.statistics.interval import cliff, difference, estimate, share_of, t975


def bursts(rng: np.random.Generator, points: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return slow reads and reads a window: a neighbour that comes and goes in cycles of about 7 windows."""
    busy = (np.arange(points) + rng.integers(7)) % 7 < 4
    level = np.where(busy, share * 7 / 4, 0.0) * np.exp(0.3 * rng.standard_normal(points))
    reads = rng.poisson(12_000, points)
    return rng.binomial(reads, np.clip(level, 0, 1)).astype(float), reads.astype(float)


@pytest.mark.parametrize("points", [30, 120])
def test_two_captures_of_the_same_are_rarely_different(points: int) -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(300):
        sides = [estimate(points, share_of(*bursts(rng, points, 0.02))) for _ in range(2)]
        assert sides[0] is not None
        assert sides[1] is not None
        d = difference(sides[0], sides[1])
        wrong += d.low > 0 or d.high < 0
    assert wrong / 300 < 0.08


def test_a_real_effect_is_seen() -> None:
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(100):
        before, after = (estimate(30, share_of(*bursts(rng, 30, share))) for share in (0.02, 0.004))
        assert before is not None
        assert after is not None
        found += difference(before, after).high < 0
    assert found >= 95


def test_too_little_is_unknown() -> None:
    ones = np.ones(7)
    assert estimate(7, share_of(ones, ones)) is None
    assert estimate(30, share_of(np.zeros(30), np.zeros(30))) is None


def test_cliffs_delta_and_t() -> None:
    assert cliff(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1
    assert cliff(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == -1
    assert cliff(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0
    assert t975(1) == 12.71
    assert t975(4.9) == 2.776
    assert t975(1000) == pytest.approx(1.96, abs=0.01)
