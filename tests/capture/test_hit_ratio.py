"""The hit ratio, and the counters that contradict it."""

from __future__ import annotations

import pytest

from diagnose.capture.hit_ratio import LookUps, Withheld, ratio_of


@pytest.mark.parametrize(
    ("counted", "withheld"),
    [
        (LookUps(700, 60, 50), None),
        (LookUps(700, 0, 0), None),
        (LookUps(700, 60, 50, traced_pages=630), None),
        (LookUps(700, 60, 50, traced_pages=9000), None),
        (LookUps(700, 60, 50, traced_pages=629), "few-traced"),
        (LookUps(700, 60, 50, traced_pages=0), "few-traced"),
        (LookUps(50, 60, 50), "more-missed"),
        (LookUps(700, 0, 50), "no-page-missed"),
        (LookUps(0, 0, 0), "nothing-looked-up"),
        (LookUps(0, 0, 0, traced_pages=0), "nothing-looked-up"),
    ],
)
def test_a_ratio_is_given_or_a_reason(counted: LookUps, withheld: Withheld | None) -> None:
    assert counted.withheld == withheld
    assert (counted.hit_ratio is None) == (withheld is not None)


def test_it_is_the_share_of_the_pages_that_were_there() -> None:
    assert LookUps(200, 50, 3).hit_ratio == 0.75
    assert LookUps(200, 200, 3).hit_ratio == 0.0
    assert (ratio_of(0, 0), ratio_of(3, 4), ratio_of(4, 1)) == (None, None, 0.75)
