"""Facts and rules to a verdict and findings (pure: no clock, no files)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from diagnose.rules.evaluate.judgement import Accused, Confidence, Judgement, confidence, judge
from diagnose.rules.evaluate.order import Relation, apart, arranged, level, relation
from diagnose.rules.evaluate.source import FactSource, all_of, any_of, not_
from diagnose.rules.loading import LoadedRule

__all__ = [
    "Accused",
    "Confidence",
    "Evaluation",
    "FactSource",
    "Fired",
    "Judgement",
    "Relation",
    "all_of",
    "any_of",
    "confidence",
    "evaluate",
    "judge",
    "not_",
]


@dataclass(frozen=True)
class Fired:
    """A finding. `relation`: why the first finding comes before this one; None: this is the first."""

    judgement: Judgement
    relation: Relation | None = None

    @property
    def rule(self) -> str:
        return self.judgement.loaded.id

    @property
    def confidence(self) -> Confidence:
        return self.judgement.confidence or "low"

    @property
    def culprits(self) -> tuple[Accused, ...]:
        """Who is to blame, with their shares, the largest first."""
        return self.judgement.culprits

    @property
    def recommend(self) -> tuple[str, ...]:
        """The kinds of memory limits that end it."""
        return tuple(self.judgement.rule.then.recommend)

    @property
    def steps(self) -> tuple[str, ...]:
        """The kinds of steps by hand that end it."""
        return tuple(self.judgement.rule.then.steps)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The rule's parameters by name, as they were when it fired."""
        return self.judgement.loaded.values

    @property
    def accounts_for(self) -> str | None:
        """The fact that says how much of the whole the finding explains."""
        weighed = self.judgement.rule.accounts_for
        return weighed.share if weighed else None

    @property
    def gives_advice(self) -> bool:
        """Whether the rule itself says what to do and what could go wrong."""
        return self.judgement.rule.then.advice is not None


@dataclass(frozen=True)
class Evaluation:
    """The verdict, and what became of every rule.

    `status`: what the verdict is; `judgement`: of the rule that decided it, None where none did.
    `findings`: the primary one first. `ruled_out`: those whose conditions fail. `negligible`: those that fire, and
    account for less than `NEGLIGIBLE` beside the first finding. `undecided`: those whose conditions are unknown.
    `health`: of the rules that may call the service healthy.
    """

    status: Literal["finding", "healthy", "inconclusive"]
    judgement: Judgement | None
    findings: tuple[Fired, ...]
    ruled_out: tuple[Judgement, ...]
    negligible: tuple[Judgement, ...]
    undecided: tuple[Judgement, ...]
    health: tuple[Judgement, ...]

    @property
    def rule(self) -> str | None:
        """The id of the rule that decided the verdict."""
        return self.judgement.loaded.id if self.judgement else None

    @property
    def confidence(self) -> Confidence:
        return (self.judgement.confidence if self.judgement else None) or "low"


def evaluate(rules: Iterable[LoadedRule], facts: FactSource, at_most: Confidence = "high") -> Evaluation:
    """Judge every rule and arrange the outcome; whatever the mechanisms are, no confidence is above `at_most`."""
    judgements = [_capped(judge(loaded, facts), at_most) for loaded in rules]
    causes = [j for j in judgements if j.rule.then.verdict == "finding"]
    health = tuple(j for j in judgements if j.rule.then.verdict == "healthy")
    fired, negligible = apart(arranged([j for j in causes if j.fires]))
    decided = fired[0] if fired else next((j for j in health if j.fires), None)
    return Evaluation(
        status="finding" if fired else "healthy" if decided else "inconclusive",
        judgement=decided,
        findings=tuple(Fired(j, None if j is fired[0] else relation(fired[0], j)) for j in fired),
        ruled_out=tuple(j for j in causes if j.fires is False),
        negligible=tuple(negligible),
        undecided=tuple(j for j in causes if j.fires is None),
        health=health,
    )


def _capped(judgement: Judgement, at_most: Confidence) -> Judgement:
    if judgement.confidence is None or level(judgement.confidence) >= level(at_most):
        return judgement
    return replace(judgement, confidence=at_most)
