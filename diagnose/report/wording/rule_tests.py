"""How the tests that rules carry went, a line each, for `diagnose rules test` (pure)."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.report.wording.reasons import reasons
from diagnose.report.wording.writer import Names
from diagnose.rules.evaluate.testing import Difference, TestOutcome, outcome_of


def message(outcome: TestOutcome) -> str:
    """Return where the test is, its name, and "passed" or what differs from what it expects."""
    differences = "; ".join(_DIFFERENCES[what](outcome) for what in outcome.differs)
    document = outcome.judgement.loaded.document
    return document.describe(("tests", outcome.index), f"{outcome.test}: {differences or 'passed'}")


def _outcome(outcome: TestOutcome) -> str:
    judgement, expected = outcome.judgement, outcome.case.expect.outcome
    why = reasons(judgement, Names({}).writer())
    return f"outcome is {outcome_of(judgement)}, expected {expected} ({why})"


def _confidence(outcome: TestOutcome) -> str:
    judgement, expected = outcome.judgement, outcome.case.expect.confidence
    held = ", ".join(judgement.mechanisms) or "none"
    return f"confidence is {judgement.confidence}, expected {expected} (holding: {held})"


def _culprits(outcome: TestOutcome) -> str:
    named = [one.cgroup for one in outcome.judgement.culprits]
    return f"culprits are {named}, expected {outcome.case.expect.culprits}"


_DIFFERENCES: dict[Difference, Callable[[TestOutcome], str]] = {
    "outcome": _outcome,
    "confidence": _confidence,
    "culprits": _culprits,
}
