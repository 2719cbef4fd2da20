"""Rows of evidence as the templates show them: which, what they came to, and their figures in one unit (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.report.model import Evidence, Finding, Report
from diagnose.report.panels import main_finding


def deciding(main: Finding | None) -> list[Evidence]:
    """Return the evidence that the confidence rests on: that of the rule's mechanisms, also of those that fail."""
    return [e for e in main.evidence if e.mechanism is not None] if main and main.known_by else []


def outcome(evidence: Evidence) -> str:
    """Return what a condition came to, in a word or three; older reports say only whether it holds."""
    return evidence.outcome or {True: "yes", False: "failed", None: "unknown"}[evidence.holds]


def lacks_data(report: Report) -> bool:
    """Say whether a test of the verdict's rule could not decide for want of windows."""
    main = main_finding(report)
    return main is not None and any(evidence.outcome == "too little data" for evidence in main.evidence)


def measured(evidence: Evidence) -> str:
    """Return what was measured, in the unit that the threshold is written in."""
    return _both(evidence)[0]


def threshold(evidence: Evidence) -> str:
    return _both(evidence)[1]


def _both(evidence: Evidence) -> tuple[str, str]:
    values = (evidence.measured, evidence.threshold)
    numbers = [value for value in values if isinstance(value, int | float)]
    if evidence.unit == "ratio" and any(units.significant(value) > units.TIMES for value in numbers):
        one, other = (f"{units.number(v)} times" if isinstance(v, int | float) else v for v in values)
    else:
        one, other = (units.quantity(value, evidence.unit) for value in values)
    return one or units.UNKNOWN, "–" if evidence.threshold is None else other or units.UNKNOWN
