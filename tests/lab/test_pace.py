"""A slow machine gets the lab's scenarios at lower rates."""

from __future__ import annotations

import pytest

from diagnose.lab import pace


def test_a_fast_machine_runs_them_as_they_are() -> None:
    assert pace.share_of_full_speed(pace.ENOUGH) == 1
    assert pace.share_of_full_speed(10 * pace.ENOUGH) == 1


def test_a_slow_one_at_as_much_less_as_it_is_slower() -> None:
    assert pace.share_of_full_speed(pace.ENOUGH / 4) == pytest.approx(0.25)


def test_only_rates_are_lowered() -> None:
    options = {"reads_per_second": 16_000.0, "bytes_per_second": 400.0, "bytes": 100.0, "threads": 2.0}
    assert pace.slowed(options, 0.5) == {**options, "reads_per_second": 8_000.0, "bytes_per_second": 200.0}


def test_this_machine_is_measured() -> None:
    assert pace.reads_per_second() > 0
