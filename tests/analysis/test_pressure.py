"""Time stalled, and its share."""

from __future__ import annotations

import numpy as np
import pytest

from diagnose.analysis.pressure import Stall, stall_of
from diagnose.analysis.series import Readings


@pytest.mark.parametrize(
    ("windows", "total_us", "stall"),
    [
        ([-1, 0, 1, 2, 3], [0, 0, 500_000, 500_000, 2_000_000], Stall(2.0, 0.25)),
        ([-1, 0], [5, 1_000_005], Stall(1.0, 0.5)),
        ([-1, 0], [0, 2_003_000], Stall(2.003, 1.0)),
        ([3], [7], Stall(None, None)),
        ([0, 1, 2], [9, 4, 1_000_004], Stall(1.0, 0.25)),
    ],
    ids=["over four windows", "over one", "the readings came late", "one reading says nothing", "set back"],
)
def test_the_share_is_of_the_time_between_the_readings(windows: list[int], total_us: list[float], stall: Stall) -> None:
    assert stall_of(Readings(np.array(windows), np.array(total_us, np.float64)), window_seconds=2.0) == stall
