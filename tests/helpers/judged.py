"""What the shipped rules make of the facts of one of their own tests."""

from __future__ import annotations

from diagnose.rules import load_rules
from diagnose.rules.evaluate import Evaluation, evaluate
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest


def embedded(rule: str, test: str = "") -> RuleTest:
    """Return the facts of a shipped rule's test (the first one unless named)."""
    tests = load_rules().get(rule).rule.complete_tests()
    return next(t for t in tests if not test or t.name == test)


HEALTHY = embedded("healthy")
NOISY = embedded("page-cache-noisy-neighbour")
NOTHING = HEALTHY.model_copy(update={"facts": {}})

COMPLETE: dict[str, object] = {
    "reads.p50": 1e-6,
    "reads.p99": 9e-4,
    "cache.hit_ratio": 0.98,
    "evictions.by_self_share": 0.03,
    "evictions.proactive_share": 0.0,
    "evictions.given_away_share": 0.0,
    "limit.bytes": 2**30,
    "limit.peak_usage_ratio": 0.4,
    "limit.hits": 0,
}
"""What other rules ask for, so that they are ruled out rather than unknown."""

QUIET: dict[str, object] = {**COMPLETE, "evictions.of_service": "0x59", "evictions.by_neighbours_share": None}
"""Beside the healthy service: nothing was evicted."""

SLOW_WITHOUT_EVICTIONS: dict[str, object] = {
    **COMPLETE,
    "evictions.of_service": "0x79",
    "evictions.by_neighbours_share": None,
    "cache.refaults": "0x79",
}
"""Beside the noisy neighbour: reads are slow, and no rule explains them."""


def changed(test: RuleTest, facts: dict[str, object]) -> TestFacts:
    """Return the facts of a test with some of them replaced."""
    return TestFacts(test.model_copy(update={"facts": {**test.facts, **facts}}))


def judged(test: RuleTest, facts: dict[str, object]) -> Evaluation:
    """Return what the shipped rules make of the facts of a test with some of them replaced."""
    return evaluate(load_rules(), changed(test, facts))


def two_causes(pressure: float, proactive: float) -> TestFacts:
    """Return facts of a neighbour and of proactive reclaim that both evicted, with their shares of the pages."""
    ours = {**(NOISY.neighbours["/batch"] or {}), "neighbour.eviction_share": 0.35}
    shares = {"evictions.pressure_share": pressure, "evictions.proactive_share": proactive}
    both = {"evictions.by_neighbours_share": 0.35, "reads.missed": "40x79"}
    return changed(NOISY.model_copy(update={"neighbours": {"/batch": ours}}), {**COMPLETE, **both, **shares})
