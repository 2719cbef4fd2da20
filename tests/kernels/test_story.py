"""How long the story measures on machines of different speed."""

from __future__ import annotations

import pytest

from tests.kernels.story import DURATION_SECONDS, LONGEST_SECONDS, USUAL_PACE, duration


@pytest.mark.parametrize(
    ("share", "seconds"),
    [
        (USUAL_PACE, DURATION_SECONDS),
        (USUAL_PACE / 2, 2 * DURATION_SECONDS),
        (0.001, LONGEST_SECONDS),
    ],
)
def test_a_slow_machine_measures_longer(share: float, seconds: int) -> None:
    assert duration(share) == seconds
