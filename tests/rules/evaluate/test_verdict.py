"""From judgements to a verdict: who is to blame, what was ruled out, what is unknown; the innocent are not accused."""

from __future__ import annotations

import pytest

from diagnose.rules import load_rules
from diagnose.rules.conditions import Compare
from diagnose.rules.evaluate import Evaluation, Judgement, evaluate
from diagnose.rules.evaluate.testing import TestFacts
from tests.helpers.judged import COMPLETE, HEALTHY, NOISY, NOTHING, QUIET, SLOW_WITHOUT_EVICTIONS, judged, two_causes


def ids(judgements: tuple[Judgement, ...]) -> set[str]:
    return {judgement.loaded.id for judgement in judgements}


def reasons_of(evaluation: Evaluation, rule: str) -> dict[str, object]:
    """Return what was measured for the comparisons that rule a rule out, by fact."""
    (judgement,) = [j for j in evaluation.ruled_out if j.loaded.id == rule]
    return {c.condition.fact: c.measured for c in judgement.reasons if isinstance(c.condition, Compare)}


def test_a_finding_says_who_and_rules_the_others_out_with_numbers() -> None:
    result = judged(NOISY, COMPLETE)
    assert (result.status, result.rule, result.confidence) == ("finding", "page-cache-noisy-neighbour", "high")
    (fired,) = result.findings
    assert fired.judgement is result.judgement
    assert (fired.rule, fired.relation, fired.accounts_for) == (result.rule, None, "evictions.pressure_share")
    assert [(c.cgroup, c.share) for c in fired.culprits] == [("/batch", 0.94)]
    assert "contain-neighbour" in fired.recommend
    assert fired.thresholds["culprit_share"] == 0.2
    assert reasons_of(result, "own-limit-too-small")["evictions.by_self_share"] == 0.03
    assert reasons_of(result, "proactive-reclaim")["evictions.proactive_share"] == 0
    assert "healthy" not in ids(result.ruled_out)
    # Rules that this test gives no facts for are unknown; these have all of theirs.
    assert not ids(result.undecided) & {"own-limit-too-small", "proactive-reclaim"}


def test_a_healthy_service_is_called_so_and_nobody_is_accused() -> None:
    result = judged(HEALTHY, QUIET)
    assert (result.status, result.rule, result.confidence) == ("healthy", "healthy", "high")
    assert result.findings == ()
    assert ids(result.ruled_out) >= {"page-cache-noisy-neighbour", "own-limit-too-small", "proactive-reclaim"}
    for rule in ids(result.ruled_out):
        assert any("slow" in fact for fact in reasons_of(result, rule)), rule


def test_slow_reads_without_evictions_are_inconclusive() -> None:
    result = judged(NOISY, SLOW_WITHOUT_EVICTIONS)
    assert (result.status, result.rule, result.judgement, result.confidence) == ("inconclusive", None, None, "low")
    (healthy,) = result.health
    assert healthy.fires is False


def test_too_little_traffic_is_inconclusive_because_the_reads_are_too_few() -> None:
    result = judged(HEALTHY, {**COMPLETE, "reads.file_count": 42, "reads.file_latency": "42@1us"})
    assert result.status == "inconclusive"
    (healthy,) = result.health
    (few,) = healthy.reasons
    assert (few.measured, few.threshold, few.unit) == (42, 100, "reads")


def test_nothing_measured_is_inconclusive_and_claims_nothing() -> None:
    result = evaluate(load_rules(), TestFacts(NOTHING))
    assert (result.status, result.findings, result.ruled_out) == ("inconclusive", (), ())
    assert len(result.undecided) == len(load_rules()) - 1
    assert all(c.missing is not None for j in result.undecided for c in j.reasons)
    assert all(j.reasons for j in result.undecided)


@pytest.mark.parametrize(
    "facts",
    [
        # its own pages only
        {"evictions.by_neighbours_share": 0.0, "evictions.by_self_share": 1.0},
        # nothing evicted was wanted again
        {"cache.refaults": "0x79"},
        # slow, but not for want of pages
        {"reads.slow_missed_share": 0.1},
        # not slow
        {"reads.slow_share": 0.0001, "reads.slow": "0x79"},
    ],
)
def test_a_busy_neighbour_is_not_accused_without_the_whole_chain(facts: dict[str, object]) -> None:
    assert all(not fired.culprits for fired in judged(NOISY, {**COMPLETE, **facts}).findings)


@pytest.mark.parametrize(
    ("pressure", "proactive", "first"),
    [(0.36, 0.64, "proactive-reclaim"), (0.6, 0.4, "page-cache-noisy-neighbour")],
)
def test_of_two_causes_both_are_reported_the_one_that_removed_more_first(
    pressure: float, proactive: float, first: str
) -> None:
    result = evaluate(load_rules(), two_causes(pressure, proactive))
    assert result.rule == first
    assert {fired.rule for fired in result.findings} == {"proactive-reclaim", "page-cache-noisy-neighbour"}
    assert [fired.relation for fired in result.findings] == [None, "outweighs"]
    assert [fired.judgement.part for fired in result.findings] == sorted((pressure, proactive), reverse=True)


def test_what_accounts_for_hardly_anything_is_no_finding_of_its_own() -> None:
    result = evaluate(load_rules(), two_causes(0.009, 0.991))
    assert [fired.rule for fired in result.findings] == ["proactive-reclaim"]
    assert ids(result.negligible) == {"page-cache-noisy-neighbour"}


def test_the_same_facts_give_the_same_evaluation() -> None:
    assert judged(NOISY, COMPLETE) == judged(NOISY, COMPLETE)


def test_a_cap_lowers_the_confidence_and_nothing_else() -> None:
    rules, facts = load_rules(), TestFacts(NOISY)
    whole, capped = evaluate(rules, facts), evaluate(rules, facts, at_most="medium")
    assert (whole.confidence, capped.confidence) == ("high", "medium")
    assert capped.findings[0].confidence == "medium"
    assert capped.findings[0].judgement.checked == whole.findings[0].judgement.checked
    assert evaluate(rules, facts, at_most="low").confidence == "low"
