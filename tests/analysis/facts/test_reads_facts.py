"""Facts about reads, from captures small enough to count on one's fingers."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.histogram import bin_of
from tests.helpers.small_capture import small_capture

FAST, SLOW = bin_of(500), bin_of(2_000_000)
MEASURED = small_capture(
    windows=2,
    reads=[
        (0, "hit", FAST, 900),
        (1, "missed", SLOW, 60),
        (1, "direct", SLOW, 40),
        (0, "socket", bin_of(10**9), 5),
    ],
    totals=[
        (0, "hit", 900, 450_000, 0, 900, 0),
        (1, "missed", 60, 120_000_000, 0, 240, 60),
        (1, "direct", 40, 80_000_000, 0, 0, 0),
        (0, "socket", 5, 5_000_000_000, 0, 0, 0),
    ],
)


def facts(capture: Capture = MEASURED) -> Facts:
    return Facts(Windows(capture))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reads.file_count", 1000),
        ("reads.slow", 100),
        ("reads.slow_share", 0.1),
        ("reads.missed", 60),
        ("reads.missed_share", 0.06),
        ("reads.direct_share", 0.04),
        ("reads.slow_missed_share", 0.6),
        ("cache.missed", 60),
        ("cache.hit_ratio", None),
        ("capture.windows", 2),
    ],
)
def test_numbers_are_what_was_counted(name: str, value: float | None) -> None:
    assert facts().number(name) == (None if value is None else pytest.approx(value))


def test_sockets_are_no_reads_of_files_and_take_most_of_the_time() -> None:
    assert facts().number("reads.peer_time_share") == pytest.approx(5 / 5.20045)


def test_percentiles_are_in_seconds() -> None:
    assert facts().number("reads.p50") == pytest.approx(500e-9, rel=0.13)
    assert facts().number("reads.p99") == pytest.approx(2e-3, rel=0.13)


def test_slow_reads_are_counted_where_they_happened() -> None:
    assert facts().series("reads.slow").tolist() == [0, 100]  # type: ignore[union-attr]


def test_the_hit_ratio_is_of_pages_that_both_counters_saw() -> None:
    looked_up = small_capture(
        totals=[(0, "hit", 10, 1, 1, 300, 0), (0, "missed", 10, 1, 1, 100, 60)], cache=[(0, 11, 400, 60, 60, 0)]
    )
    assert facts(looked_up).number("cache.hit_ratio") == pytest.approx(1 - 60 / 400)


def test_the_hit_ratio_is_refused_where_the_counters_disagree() -> None:
    disagreeing = small_capture(
        totals=[(0, "hit", 10, 1, 1, 300, 0), (0, "missed", 10, 1, 1, 100, 60)], cache=[(0, 11, 100, 60, 60, 0)]
    )
    assert facts(disagreeing).number("cache.hit_ratio") is None


def test_no_reads_are_a_count_of_zero_and_no_share() -> None:
    nothing = facts(small_capture())
    assert nothing.number("reads.file_count") == 0
    assert nothing.number("reads.slow_share") is None
    assert nothing.number("reads.p99") is None
