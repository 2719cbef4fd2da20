"""Steps by hand in a report: those of a rule that gives no advice of its own, too."""

from __future__ import annotations

from typing import Any

from diagnose.pipeline import analyse
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.model import Advice, Report, Step, Verdict
from diagnose.rules.loading import load_rules
from tests.helpers.small_capture import small_capture

STEP = Step(says="look there.", commands=["ls"])


def report(advice: Advice | None, step: Step = STEP) -> Report:
    """Return a report whose one finding has a step."""
    told: dict[str, Any] = {"rule": "r", "confidence": "high", "summary": "s", "advice": advice}
    bare = analyse(small_capture(), load_rules())
    finding = {**told, "title": "t", "culprits": [], "evidence": [], "steps": [step]}
    verdict = Verdict(status="finding", **told)
    return Report.model_validate({**bare.model_dump(by_alias=True), "verdict": verdict, "findings": [finding]})


def said(advice: Advice | None, step: Step = STEP) -> list[str]:
    text = render_markdown(report(advice, step)).split("## ")[0]
    return [
        line.strip() for line in text.splitlines() if "What to do" in line or "Risk" in line or "look there" in line
    ]


def test_a_rule_without_advice_is_not_said_to_suggest_nothing() -> None:
    assert said(None) == [
        "- **What to do** (commands below)**:**",
        "- 1: look there.",
        "- Risk: none: it is looked at, and nothing is changed.",
    ]


def test_a_step_that_changes_something_is_not_said_to_be_a_mere_look() -> None:
    change = STEP.model_copy(update={"commands": ["echo 1 > /x"], "undo": ["echo 0 > /x"]})
    assert said(None, change)[-1] == "- Risk: none was worked out; what is changed can be taken back."


def test_a_rule_s_own_advice_and_risk_come_first() -> None:
    assert said(Advice(do="Do it.", risk="Some.")) == [
        "- **What to do** (commands below)**:** Do it.",
        "- 1: look there.",
        "- Risk: Some.",
    ]
