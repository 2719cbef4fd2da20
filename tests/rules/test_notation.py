"""The notation of rule tests: promtool's series, and lumps of latencies."""

from __future__ import annotations

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose import histogram
from diagnose.rules.notation import MAX_WINDOWS, histogram_counts, series


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("3", [3]),
        ("1+2x5", [1, 3, 5, 7, 9, 11]),
        ("10-2.5x2", [10, 7.5, 5]),
        ("0x10", [0] * 11),
        ("_", [math.nan]),
        ("_x3 4", [math.nan] * 3 + [4]),
        ("-1 +2 1e3 .5", [-1, 2, 1000, 0.5]),
        ("1x0", [1]),
        ("_x0 1", [1]),
    ],
)
def test_series(text: str, windows: list[float]) -> None:
    np.testing.assert_equal(series(text), np.array(windows, dtype=float))


@pytest.mark.parametrize(
    "text", ["", " ", "_x0", "x3", "1x", "1++2x3", "_+1x3", "1x-3", "nan", "inf", "1e999", "0x99999", "a"]
)
def test_no_series(text: str) -> None:
    with pytest.raises(ValueError, match="series"):
        series(text)


def test_series_are_bounded() -> None:
    assert len(series(f"0x{MAX_WINDOWS - 1}")) == MAX_WINDOWS
    with pytest.raises(ValueError, match="more than"):
        series(f"0x{MAX_WINDOWS}")
    with pytest.raises(ValueError, match="more than"):
        series("0x9000 0x9000")


@given(st.lists(st.none() | st.integers(min_value=-(10**9), max_value=10**9), min_size=1, max_size=30))
def test_written_windows_read_back(windows: list[int | None]) -> None:
    text = " ".join("_" if w is None else str(w) for w in windows)
    expected = [math.nan if w is None else float(w) for w in windows]
    np.testing.assert_equal(series(text), np.array(expected))


@given(st.text(max_size=40))
def test_any_text_is_a_series_or_a_value_error(text: str) -> None:
    for parse in (series, histogram_counts):
        with suppress(ValueError):
            assert parse(text).size


@given(
    st.lists(
        st.tuples(st.integers(min_value=0, max_value=10**7), st.integers(min_value=1, max_value=10**9)),
        min_size=1,
        max_size=4,
    )
)
def test_histograms_keep_the_number_of_samples(lumps: list[tuple[int, int]]) -> None:
    counts = histogram_counts(" ".join(f"{n}@{median}ns~0.3" for n, median in lumps))
    assert counts.shape == (histogram.BINS,)
    assert counts.min() >= 0
    assert counts.sum() == sum(n for n, _ in lumps)


def test_a_lump_lies_about_its_median() -> None:
    counts = histogram_counts("1000@1.5us")
    assert histogram.percentile(counts, 0.5) == pytest.approx(1500, rel=0.05)
    assert histogram.percentile(counts, 0.84) == pytest.approx(1500 * 10**0.1, rel=0.08)
    wide = histogram_counts("1000@1.5us~0.5")
    assert histogram.percentile(wide, 0.84) == pytest.approx(1500 * 10**0.5, rel=0.1)


@pytest.mark.parametrize("text", ["", "5", "5@1", "5@1m", "@1us", "5@0us", "5@1us~0", "5@1us~9", "-5@1us", "5@1e99s"])
def test_no_histogram(text: str) -> None:
    with pytest.raises(ValueError, match=r"histogram|median"):
        histogram_counts(text)
