"""The verdict on a change: four words, and the cases in which there is none."""

from __future__ import annotations

import pytest

from diagnose.change.compare import compare
from diagnose.change.model import Figures
from diagnose.errors import CannotMeasureError
from tests.helpers.change_record import RULE, figures


@pytest.mark.parametrize(
    ("before", "after", "fires", "verdict"),
    [
        (0.02, 0.0005, False, "fixed"),
        (0.02, 0.0005, True, "better"),
        (0.02, 0.0005, None, "better"),
        (0.02, 0.010, False, "better"),
        (0.02, 0.02, True, "no change"),
        (0.02, 0.0195, True, "no change"),
        (0.004, 0.03, True, "worse"),
        (0.0, 0.02, None, "worse"),
        (0.0, 0.0, False, "no change"),
    ],
)
def test_the_four_words(before: float, after: float, fires: bool | None, verdict: str) -> None:
    assert compare(figures(before), figures(after), RULE, fires).verdict == verdict


def test_what_makes_no_symptom_any_more_is_fixed_if_the_rule_is_silent() -> None:
    less = figures(0.02), figures(0.006)
    assert compare(*less, RULE, False, healthy=False).verdict == "better"
    assert compare(*less, RULE, False, healthy=True).verdict == "fixed"
    assert compare(*less, RULE, True, healthy=True).verdict == "better"
    assert compare(figures(0.02), figures(0.0199), RULE, False, healthy=True).verdict == "no change"


def test_one_slow_read_after_none_is_not_worse() -> None:
    after = figures(0.0)
    after = after.model_copy(update={"slow_reads_series": [1, *after.slow_reads_series[1:]], "slow_reads": 1})
    assert compare(figures(0.0), after, None, None).verdict == "no change"


@pytest.mark.parametrize(
    ("after", "match"),
    [
        (figures(0.0, reads=1), "only 60 file reads after"),
        (figures(0.0, reads=2000), "0.2 times as often"),
        (figures(0.0, reads=50_000), "5 times as often"),
        (figures(0.0, inserted=100), "/dg/batch was hardly at work"),
        (figures(0.0, windows=6), "too few windows"),
    ],
)
def test_what_is_not_alike_is_not_compared(after: Figures, match: str) -> None:
    with pytest.raises(CannotMeasureError, match=match):
        compare(figures(0.02), after, RULE, False)
