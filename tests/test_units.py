"""Quantities are rounded the same way everywhere, keep their size, and are never mistaken for another."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose import units

FACTORS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0} | {
    name: 1024.0**i for i, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))
}


def back(text: str) -> float:
    value, _, unit = text.rpartition(" ")
    return float(value.replace(",", "")) * FACTORS[unit]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1e-10, "0.1 ns"),
        (216e-9, "216 ns"),
        (999.9e-6, "1 ms"),
        (999.4e-6, "999 µs"),
        (0.00123, "1.23 ms"),
        (0.0123456, "12.3 ms"),
        (1, "1 s"),
        (3600, "3,600 s"),
        (None, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1023, "1,020 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (64 << 20, "64 MiB"),
        (None, "unknown"),
    ],
)
def test_sizes(size: int | None, text: str) -> None:
    assert units.size(size) == text


def test_a_limit_is_shown_to_the_byte() -> None:
    assert units.exact_size(536_870_913) == "512 MiB (536,870,913 bytes)"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.9997, "99.97 %"),
        (0.99999, "99.999 %"),
        (0.9879, "98.8 %"),
        (0.892, "89.2 %"),
        (0.00012, "0.012 %"),
        (1e-9, "< 0.0001 %"),
        (1 - 1e-9, "> 99.9999 %"),
        (1.5, "1.5 times"),
        (1.004, "100 %"),
        (None, "unknown"),
    ],
)
def test_percentages(ratio: float | None, text: str) -> None:
    assert units.percent(ratio) == text


@given(st.floats(0, 1))
def test_only_all_is_100_percent_and_only_nothing_is_0(ratio: float) -> None:
    text = units.percent(ratio)
    assert (text == "0 %") == (ratio == 0)
    assert (text == "100 %") == (ratio == 1)


@given(st.floats(1e-9, 1e9))
def test_a_duration_reads_back_to_three_digits(seconds: float) -> None:
    assert back(units.duration(seconds)) == pytest.approx(seconds, rel=0.00501)


@given(st.integers(0, 2**63 - 1))
def test_a_size_reads_back_to_three_digits(size: int) -> None:
    assert back(units.size(size)) == pytest.approx(size, rel=0.00501)


@given(st.floats(1e-9, 1e6), st.floats(1e-9, 1e6))
def test_what_is_longer_never_reads_shorter(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert back(units.duration(low)) <= back(units.duration(high)) * (1 + 1e-9)


@given(st.integers(0, 2**63 - 1))
def test_counts_are_exact(value: int) -> None:
    assert int(units.count(value).replace(",", "")) == value


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "s", "unknown"),
        (0.0031, "s", "3.1 ms"),
        (3100, "ns", "3.1 µs"),
        (0.976, "ratio", "97.6 %"),
        (1, "pages", "1 page"),
        (1234.0, "pages", "1,234 pages"),
        (1, "reads/s", "1 read/s"),
        (1, "pages per read", "1 page per read"),
        (1, "processes", "1 process"),
        (2, "processes", "2 processes"),
        (12.345, "reads/s", "12.3 reads/s"),
        (2, None, "2"),
        (4096, "bytes", "4 KiB"),
        ("vda", None, "vda"),
    ],
)
def test_quantities_of_facts(value: float | str | None, unit: str | None, text: str) -> None:
    assert units.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("offset", "tail"),
    [
        (0, "2026-03-08 02:59:30 UTC (the host's clock is on UTC)"),
        (3600, "2026-03-08 02:59:30 UTC (2026-03-08 03:59:30 on the host, UTC+01:00)"),
        (-12600, "2026-03-08 02:59:30 UTC (2026-03-07 23:29:30 on the host, UTC-03:30)"),
        (None, "2026-03-08 02:59:30 UTC (the host's time zone is unknown)"),
    ],
)
def test_times_are_utc_with_the_hosts_clock_beside(offset: int | None, tail: str) -> None:
    assert units.utc_and_host_time("2026-03-08T02:59:30Z", offset) == tail


def test_what_is_no_time_is_left_alone() -> None:
    assert units.utc_and_host_time("yesterday", 0) == "yesterday"


@pytest.mark.parametrize(
    ("many", "one"),
    [("pages", "page"), ("misses", "miss"), ("CPUs", "CPU"), ("further conditions", "further condition"), ("", "")],
)
def test_nouns_have_a_singular(many: str, one: str) -> None:
    assert units.singular(many) == one
    assert units.counted(1, many) == f"1 {one}".rstrip()
    assert units.counted(1.5, many) == f"1.5 {many}".rstrip()


def test_verbs_go_with_their_number() -> None:
    assert [units.plural(n, "was", "were") for n in (0, 1, 2)] == ["were", "was", "were"]


def test_what_is_more_than_all_is_no_percentage() -> None:
    assert units.percent(9.5) == "9.5 times"
    assert units.percent(111.0) == "111 times"


def test_a_part_is_no_more_than_its_whole() -> None:
    assert units.share(3, 4) == 0.75
    assert units.share(5, 4) == 1.0
    assert units.share(None, 4) is units.share(3, None) is units.share(3, 0) is None


def test_a_page_that_went_while_its_read_waited_has_no_age() -> None:
    assert units.age(0.0) == units.age(1e-9) == "while it waited"
    assert units.age(2e-6) == "2 µs"
    assert units.age(None) == units.UNKNOWN


def test_a_ratio_of_what_is_not_known_or_of_nothing_is_none() -> None:
    assert units.ratio(1, 4) == 0.25
    assert units.ratio(0, 4) == 0
    assert [units.ratio(part, whole) for part, whole in ((None, 4), (1, None), (1, 0), (0, 0))] == [None] * 4
