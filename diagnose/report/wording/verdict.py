"""What the rules came to, as the report states it: the verdict, what was ruled out, what could not be judged (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts import FACTS
from diagnose.report.model import RuledOut, Unknown, Verdict
from diagnose.report.wording.conditions import label
from diagnose.report.wording.findings import known_by
from diagnose.report.wording.reasons import reasons
from diagnose.report.wording.templates import Filler, advice, who
from diagnose.report.wording.writer import Names, Writer, enumeration
from diagnose.rules.evaluate import Evaluation, FactSource, Fired, Judgement

MEASURED = (
    "capture.windows",
    "reads.file_count",
    "reads.slow_share",
    "reads.p99",
    "cache.hit_ratio",
    "evictions.of_service",
    "cache.refaults",
    "device.read_pages",
)
"""What an inconclusive verdict says was measured; a description, no verdict depends on it."""

SHOWN_REASONS = 2
"""Of several conditions that fail, the first ones say enough to rule a cause out."""


def verdict(evaluation: Evaluation, facts: FactSource, names: Names) -> Verdict:
    """Return the verdict with its summary."""
    decided = evaluation.judgement
    if decided is None:
        said = _inconclusive(evaluation, facts, names.writer())
        return Verdict(status=evaluation.status, rule=None, confidence=evaluation.confidence, summary=said)
    filler = Filler.of(decided, facts)
    return Verdict(
        status=evaluation.status,
        rule=evaluation.rule,
        confidence=evaluation.confidence,
        summary=filler.fill(decided.rule.then.summary, names.writer()) + _also_found(evaluation.findings),
        known_by=known_by(filler, names),
        who=who(filler, names.writer()),
        advice=advice(filler, names.writer(), names.writer()),
    )


def ruled_out(evaluation: Evaluation, names: Names) -> list[RuledOut]:
    """Return the rules that do not explain anything here, and why."""
    failed = [RuledOut(rule=j.loaded.id, why=reasons(j, names.writer(), SHOWN_REASONS)) for j in evaluation.ruled_out]
    return failed + [
        RuledOut(rule=j.loaded.id, why=f"its conditions hold, but it {_weight(evaluation.findings[0].judgement, j)}")
        for j in evaluation.negligible
    ]


def unknown(evaluation: Evaluation, names: Names) -> list[Unknown]:
    """Return the rules that could not be judged, and what is missing for each."""
    return [Unknown(rule=j.loaded.id, missing=reasons(j, names.writer())) for j in evaluation.undecided]


# ---------------------------------------------------------------- several findings


def _also_found(findings: tuple[Fired, ...]) -> str:
    if len(findings) < 2:
        return ""
    first, *others = findings
    return f" Also found: {enumeration(f'{other.rule} ({_relation(first, other)})' for other in others)}."


def _relation(first: Fired, other: Fired) -> str:
    """Say why a finding comes after the primary one."""
    if other.relation == "explains":
        return "part of the same trouble"
    if other.relation == "outweighs":
        return _weight(first.judgement, other.judgement)
    if other.relation == "confidence":
        return f"{other.confidence} confidence"
    return "of equal confidence, and the less specific explanation"


def _weight(first: Judgement, other: Judgement) -> str:
    whole = first.rule.accounts_for.of if first.rule.accounts_for else "whole"
    return f"accounts for {units.percent(other.part)} of the {whole}, against {units.percent(first.part)}"


# ---------------------------------------------------------------- no finding


def _inconclusive(evaluation: Evaluation, facts: FactSource, writer: Writer) -> str:
    measured = _measured(facts)
    sentences = ["No rule explains what was measured."]
    if not measured:
        sentences = ["Nothing that a verdict could rest on was measured."]
    for judgement in evaluation.health:
        lead = "Whether the service is healthy is unknown"
        if judgement.fires is False:
            lead = "The service cannot be called healthy"
        sentences.append(f"{lead}: {reasons(judgement, writer)}.")
    if measured:
        sentences.append(f"Measured: {'; '.join(measured)}.")
    if evaluation.undecided:
        rules = enumeration(j.loaded.id for j in evaluation.undecided)
        sentences.append(f"Not decided for want of measurements: {rules}.")
    return " ".join(sentences)


def _measured(facts: FactSource) -> list[str]:
    values = {name: facts.number(name) for name in MEASURED if name in FACTS}
    return [
        f"{label(name)}: {units.quantity(value, FACTS[name].unit)}"
        for name, value in values.items()
        if value is not None
    ]
