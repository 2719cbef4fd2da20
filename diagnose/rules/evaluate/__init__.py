"""Facts and rules to a verdict and findings (pure: no clock, no files).

Which finding is the primary one: a rule that `explains` another comes before it; of two that account for parts of the
same whole (the evicted pages, the time of the slow reads) the one with the larger part; then the higher confidence;
then the lower `rank`; then the id. The verdict's summary says by which of these the first won.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cmp_to_key
from typing import Literal

from diagnose import units
from diagnose.analysis import facts as vocabulary
from diagnose.report.model import Confidence, Culprit, Evidence, Finding, RuledOut, Unknown, Verdict
from diagnose.rules import wording
from diagnose.rules.evaluate.judgement import Judgement, advice, confidence, finding, judge, known_by, summary, who
from diagnose.rules.evaluate.source import FactSource, all_of, any_of, not_
from diagnose.rules.loading import LoadedRule

__all__ = [
    "Evaluation",
    "FactSource",
    "Fired",
    "Judgement",
    "all_of",
    "any_of",
    "confidence",
    "evaluate",
    "judge",
    "not_",
]

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

NEGLIGIBLE = 0.01
"""Of the evicted pages, or of the time of the slow reads: what accounts for less is no finding beside one that does."""

_LEVELS = ("high", "medium", "low")


@dataclass(frozen=True)
class Fired:
    """A finding, and what `recommend.py` needs beside it: the kinds of advice, and the neighbours to contain."""

    finding: Finding
    recommend: tuple[str, ...]
    neighbours: tuple[str, ...]
    mechanisms: tuple[str, ...]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """The rule's parameters by name, as they were when it fired."""
    steps: tuple[str, ...] = ()
    accounts_for: str | None = None
    """The fact that says how much of the whole the finding explains."""

    @property
    def culprits(self) -> tuple[Culprit, ...]:
        """Who is to blame, with their shares, the largest first."""
        return tuple(self.finding.culprits)

    @property
    def gives_advice(self) -> bool:
        """Whether the rule itself says what to do and what could go wrong."""
        return self.finding.advice is not None


@dataclass(frozen=True)
class Evaluation:
    """Everything the rules have to say. `findings`: the primary one first. `evidence`: that of the verdict's rule,
    or, when inconclusive, of what stands against calling the service healthy."""

    verdict: Verdict
    findings: tuple[Fired, ...]
    ruled_out: tuple[RuledOut, ...]
    unknown: tuple[Unknown, ...]
    evidence: tuple[Evidence, ...]


def evaluate(rules: Iterable[LoadedRule], facts: FactSource, at_most: Confidence = "high") -> Evaluation:
    """Judge every rule and arrange the outcome; whatever the mechanisms are, no confidence is above `at_most`."""
    judgements = [_capped(judge(loaded, facts), at_most) for loaded in rules]
    causes = [j for j in judgements if j.loaded.rule.then.verdict == "finding"]
    health = [j for j in judgements if j.loaded.rule.then.verdict == "healthy"]
    fired, negligible = _apart(_arranged([j for j in causes if j.fires]))
    undecided = tuple(Unknown(rule=j.loaded.id, missing="; ".join(j.missing)) for j in causes if j.fires is None)
    return Evaluation(
        verdict=_verdict(fired, health, undecided, facts),
        findings=tuple(_fired(j, facts, fired[0]) for j in fired),
        ruled_out=tuple(
            RuledOut(rule=j.loaded.id, why="; ".join(j.says[:SHOWN_REASONS])) for j in causes if j.fires is False
        )
        + tuple(
            RuledOut(rule=j.loaded.id, why=f"its conditions hold, but it {_weight(fired[0], j)}") for j in negligible
        ),
        unknown=undecided,
        evidence=_deciding(fired, health),
    )


def _capped(judgement: Judgement, at_most: Confidence) -> Judgement:
    if judgement.confidence is None or _level(judgement) >= _LEVELS.index(at_most):
        return judgement
    return replace(judgement, confidence=at_most)


def _fired(judgement: Judgement, facts: FactSource, first: Judgement) -> Fired:
    rule = judgement.loaded.rule
    cause = first.loaded.id if judgement is not first and _explains(first, judgement) else None
    return Fired(
        finding(judgement, facts).model_copy(update={"consequence_of": cause}),
        tuple(rule.then.recommend),
        judgement.culprits,
        judgement.mechanisms,
        judgement.loaded.values,
        tuple(rule.then.steps),
        rule.accounts_for.share if rule.accounts_for else None,
    )


# ---------------------------------------------------------------- which comes first


def _arranged(fired: list[Judgement]) -> list[Judgement]:
    """Order findings: by confidence, rank and id, then every finding after those that explain or outweigh it."""
    waiting = sorted(fired, key=cmp_to_key(_before))
    arranged: list[Judgement] = []
    while waiting:
        # The first that nobody waiting has to come before; in a circle, simply the first.
        chosen = next((j for j in waiting if not any(_precedes(o, j) for o in waiting if o is not j)), waiting[0])
        waiting.remove(chosen)
        arranged.append(chosen)
    return arranged


def _before(one: Judgement, other: Judgement) -> int:
    left, right = ((_level(j), j.loaded.rule.rank, j.loaded.id) for j in (one, other))
    return (left > right) - (left < right)


def _level(judgement: Judgement) -> int:
    return _LEVELS.index(judgement.confidence or "low")


def _explains(one: Judgement, other: Judgement) -> bool:
    rule = one.loaded.rule
    return other.loaded.id in rule.explains and (rule.explains_if is None or rule.explains_if in one.mechanisms)


def _precedes(one: Judgement, other: Judgement) -> bool:
    return _explains(one, other) or (_outweighs(one, other) and not _explains(other, one))


def _outweighs(one: Judgement, other: Judgement) -> bool:
    """Say whether one accounts for more of the same whole; what is merely suspected (low confidence) never does."""
    ours, theirs = one.loaded.rule.accounts_for, other.loaded.rule.accounts_for
    if ours is None or theirs is None or ours.of != theirs.of or one.confidence == "low":
        return False
    return one.part is not None and other.part is not None and one.part > other.part


def _apart(fired: list[Judgement]) -> tuple[list[Judgement], list[Judgement]]:
    """Divide findings into those to be told, and those that account for next to nothing of what the first one does."""
    negligible = [j for j in fired[1:] if _outweighs(fired[0], j) and (j.part or 0.0) < NEGLIGIBLE]
    return [j for j in fired if j not in negligible], negligible


def _weight(first: Judgement, other: Judgement) -> str:
    whole = first.loaded.rule.accounts_for.of if first.loaded.rule.accounts_for else "whole"
    return f"accounts for {units.percent(other.part)} of the {whole}, against {units.percent(first.part)}"


def _relation(first: Judgement, other: Judgement) -> str:
    """Say why a finding comes after the primary one."""
    if _explains(first, other):
        return "part of the same trouble"
    if _outweighs(first, other):
        return _weight(first, other)
    if _level(first) < _level(other):
        return f"{other.confidence} confidence"
    return "of equal confidence, and the less specific explanation"


# ---------------------------------------------------------------- the verdict


def _verdict(
    fired: list[Judgement], health: list[Judgement], undecided: tuple[Unknown, ...], facts: FactSource
) -> Verdict:
    if fired:
        first, *others = fired
        text = summary(first, facts)
        if others:
            text += f" Also found: {wording.enumeration(f'{j.loaded.id} ({_relation(first, j)})' for j in others)}."
        return _decided("finding", first, text, facts)
    for judgement in health:
        if judgement.fires:
            return _decided("healthy", judgement, summary(judgement, facts), facts)
    return Verdict(status="inconclusive", rule=None, confidence="low", summary=_inconclusive(health, undecided, facts))


def _decided(status: Literal["finding", "healthy"], judgement: Judgement, text: str, facts: FactSource) -> Verdict:
    return Verdict(
        status=status,
        rule=judgement.loaded.id,
        confidence=judgement.confidence or "low",
        summary=text,
        known_by=known_by(judgement, facts),
        who=who(judgement, facts),
        advice=advice(judgement, facts),
    )


def _inconclusive(health: list[Judgement], undecided: tuple[Unknown, ...], facts: FactSource) -> str:
    measured = _measured(facts)
    sentences = ["No rule explains what was measured."]
    if not measured:
        sentences = ["Nothing that a verdict could rest on was measured."]
    for judgement in health:
        if judgement.fires is False:
            sentences.append(f"The service cannot be called healthy: {'; '.join(judgement.says)}.")
        else:
            sentences.append(f"Whether the service is healthy is unknown: {'; '.join(judgement.missing)}.")
    if measured:
        sentences.append(f"Measured: {'; '.join(measured)}.")
    if undecided:
        names = wording.enumeration(u.rule for u in undecided)
        sentences.append(f"Not decided for want of measurements: {names}.")
    return " ".join(sentences)


def _measured(facts: FactSource) -> list[str]:
    values = {name: facts.number(name) for name in MEASURED if name in vocabulary.FACTS}
    return [
        f"{wording.label(name)}: {units.quantity(value, vocabulary.FACTS[name].unit)}"
        for name, value in values.items()
        if value is not None
    ]


def _deciding(fired: list[Judgement], health: list[Judgement]) -> tuple[Evidence, ...]:
    if fired:
        return fired[0].evidence
    return tuple(e for j in sorted(health, key=lambda j: j.fires is not True) for e in j.evidence)
