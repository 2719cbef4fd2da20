"""Whole devices, by what /proc/diskstats counted meanwhile."""

from __future__ import annotations

import pytest

from diagnose.analysis.disks import disks, mean_in_flight, mean_seconds, risen
from tests.helpers.small_capture import small_windows

WINDOWS = small_windows(
    host={
        "disk.vda.reads": [100, 110, 150, 200, 200],
        "disk.vda.read_ms": [0, 50, 100, 200, 200],
        "disk.vda.queued_ms": [0, 500, 500, 2000, 8000],
        "disk.sd.b.writes": [0, 0, 0, 0, 0],
        "disk.sd.b.write_ms": [7, 7, 7, 7, 7],
        "vmstat.pswpin": [0, 0, 0, 0, 0],
    }
)


def test_names_may_hold_points() -> None:
    assert disks(WINDOWS) == ["sd.b", "vda"]


def test_means_are_of_what_rose_in_the_capture() -> None:
    assert risen(WINDOWS, "vda", "reads") == 100
    assert mean_seconds(WINDOWS, "vda", "read") == pytest.approx(0.002)
    assert mean_in_flight(WINDOWS, "vda") == pytest.approx(2.0), "8 s of requests in 4 s"


def test_no_request_has_no_mean_and_what_was_not_read_is_not_known() -> None:
    assert mean_seconds(WINDOWS, "sd.b", "write") is None
    assert (risen(WINDOWS, "vda", "writes"), mean_in_flight(WINDOWS, "sd.b")) == (None, None)
