"""Rows of evidence as the templates show them."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.report.formats.evidence import deciding, lacks_data, measured, outcome, threshold
from diagnose.report.model import Evidence
from tests.helpers.example_report import example_report


def row(**values: Any) -> Evidence:
    bare = {"condition": "c", "holds": True, "measured": 1.0, "threshold": 1.0, "unit": "ratio"}
    return Evidence.model_validate({**bare, **values})


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (row(outcome="too little data", holds=False), "too little data"),
        (row(outcome="yes"), "yes"),
        # older reports say only whether it holds
        (row(), "yes"),
        (row(holds=False), "failed"),
        (row(holds=None), "unknown"),
    ],
)
def test_what_a_condition_came_to(evidence: Evidence, said: str) -> None:
    assert outcome(evidence) == said


def test_the_rows_that_decide_are_those_of_mechanisms() -> None:
    (finding,) = example_report().findings
    assert [e.mechanism for e in deciding(finding)] == ["evictions"]
    assert deciding(None) == []


def test_both_figures_of_a_row_are_in_one_unit() -> None:
    assert [
        (measured(e), threshold(e)) for e in (row(measured=0.25, threshold=0.5), row(measured=25, threshold=0.5))
    ] == [
        ("25 %", "50 %"),
        ("25 times", "0.5 times"),
    ]
    assert (measured(row(measured=None)), threshold(row(threshold=None))) == ("unknown", "–")


def test_a_report_lacks_data_where_a_test_of_its_finding_had_too_little() -> None:
    report = example_report()
    (finding,) = report.findings
    short = finding.model_copy(update={"evidence": [row(outcome="too little data", holds=False)]})
    assert not lacks_data(report)
    assert lacks_data(report.model_copy(update={"findings": [short]}))
