"""Which finding is the primary one (pure).

A rule that `explains` another comes before it; of two that account for parts of the same whole (the evicted pages, the
time of the slow reads) the one with the larger part; then the higher confidence; then the lower `rank`; then the id.
"""

from __future__ import annotations

from typing import Literal

from diagnose.rules.evaluate.judgement import Confidence, Judgement

NEGLIGIBLE = 0.01
"""Of the evicted pages, or of the time of the slow reads: what accounts for less is no finding beside one that does."""

Relation = Literal["explains", "outweighs", "confidence", "rank"]
"""Why a finding comes first: it explains the other, accounts for more of the same whole, is surer, or ranks higher."""

_LEVELS: tuple[Confidence | None, ...] = ("high", "medium", "low")


def level(confidence: Confidence | None) -> int:
    """Return a confidence as a number, the highest as 0; None is as low as low."""
    return _LEVELS.index(confidence or "low")


def arranged(fired: list[Judgement]) -> list[Judgement]:
    """Order findings: by confidence, rank and id, then every finding after those that explain or outweigh it."""
    waiting = sorted(fired, key=lambda j: (level(j.confidence), j.rule.rank, j.loaded.id))
    in_order: list[Judgement] = []
    while waiting:
        # The first that nobody waiting has to come before; in a circle, simply the first.
        chosen = next((j for j in waiting if not any(_precedes(o, j) for o in waiting if o is not j)), waiting[0])
        waiting.remove(chosen)
        in_order.append(chosen)
    return in_order


def _explains(one: Judgement, other: Judgement) -> bool:
    return other.loaded.id in one.rule.explains and (
        one.rule.explains_if is None or one.rule.explains_if in one.mechanisms
    )


def _precedes(one: Judgement, other: Judgement) -> bool:
    return _explains(one, other) or (_outweighs(one, other) and not _explains(other, one))


def _outweighs(one: Judgement, other: Judgement) -> bool:
    """Say whether one accounts for more of the same whole; what is merely suspected (low confidence) never does."""
    ours, theirs = one.rule.accounts_for, other.rule.accounts_for
    if ours is None or theirs is None or ours.of != theirs.of or one.confidence == "low":
        return False
    return one.part is not None and other.part is not None and one.part > other.part


def apart(fired: list[Judgement]) -> tuple[list[Judgement], list[Judgement]]:
    """Separate findings that account for hardly any of what the first one does from the others."""
    negligible = [j for j in fired[1:] if _outweighs(fired[0], j) and (j.part or 0.0) < NEGLIGIBLE]
    return [j for j in fired if j not in negligible], negligible


def relation(first: Judgement, other: Judgement) -> Relation:
    """Say why a finding comes after the primary one."""
    if _explains(first, other):
        return "explains"
    if _outweighs(first, other):
        return "outweighs"
    return "confidence" if level(first.confidence) < level(other.confidence) else "rank"
