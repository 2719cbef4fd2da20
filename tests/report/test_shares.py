"""No report states a share above 100 %, whatever the figures of its capture; contradictions are refused."""

from __future__ import annotations

from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import pipeline
from diagnose.analysis.facts import FACTS, Facts
from diagnose.analysis.facts.vocabulary import _no_more_than
from diagnose.analysis.windows import Windows
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.errors import UsageError
from diagnose.report.formats.markdown import render_markdown
from diagnose.rules import RuleSet, load_rules
from tests.fuzz.figures import changed
from tests.helpers.shares import percentages, shares
from tests.test_recorded import EACH, capture_of


@cache
def rules() -> RuleSet:
    return load_rules()


def check(capture: Capture) -> None:
    """Fail where a report of the capture states a share that is none."""
    report = pipeline.analyse(capture, rules())
    wrong = [(place, value) for place, value in shares(report) if not 0 <= value <= 1]
    assert wrong == []
    assert [found for found in percentages(render_markdown(report)) if found > 100] == []
    facts = Facts(Windows(capture))
    for name, spec in FACTS.items():
        for neighbour in facts.neighbours if spec.scope == "neighbour" else [None]:
            if spec.most is not None and (value := facts.value(name, neighbour)) is not None:
                cells = np.atleast_1d(value)
                assert (cells[~np.isnan(cells)] <= spec.most).all(), name


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_share_is_above_100_percent_whatever_the_figures(random: Random) -> None:
    try:
        capture = captures.parse(changed(random), "x.gz")
    except UsageError:
        return  # it contradicts itself
    check(capture)


@EACH
def test_no_share_of_a_recorded_capture_is_above_100_percent(recording) -> None:  # type: ignore[no-untyped-def]
    check(capture_of(recording))


def test_the_shares_looked_at_are_found() -> None:
    assert list(percentages("101 % of 1,200 % and 0.5 %; 3 pages, 12\xa0%")) == [101, 1200, 0.5, 12]


@pytest.mark.parametrize(
    ("value", "most", "cut"), [(1.2, 1.0, 1.0), (1.2, None, 1.2), (None, 1.0, None), (0.3, 1.0, 0.3)]
)
def test_a_fact_is_cut_to_the_most_that_it_can_be(value: float | None, most: float | None, cut: float | None) -> None:
    assert _no_more_than(value, most) == cut
    series = _no_more_than(np.array([0.5, np.nan, 1.5]), 1.0)
    assert np.array_equal(series, [0.5, np.nan, 1.0], equal_nan=True)
