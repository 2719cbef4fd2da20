"""From judgements to a verdict: who comes first, how sure, what was ruled out; the innocent are not accused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diagnose.rules import load_rules
from diagnose.rules.evaluate import Evaluation, confidence, evaluate
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest


def embedded(rule: str, test: str = "") -> RuleTest:
    """Return the facts of a shipped rule's test (the first one unless named)."""
    tests = load_rules().get(rule).rule.complete_tests()
    return next(t for t in tests if not test or t.name == test)


HEALTHY = embedded("healthy")
NOISY = embedded("page-cache-noisy-neighbour")


def judged(test: RuleTest, **facts: object) -> Evaluation:
    changed = {name.replace("__", "."): value for name, value in facts.items()}
    return evaluate(load_rules(), TestFacts(test.model_copy(update={"facts": {**test.facts, **changed}})))


COMPLETE = {
    "reads__p50": 1e-6,
    "reads__p99": 9e-4,
    "cache__hit_ratio": 0.98,
    "evictions__by_self_share": 0.03,
    "evictions__proactive_share": 0.0,
    "evictions__given_away_share": 0.0,
    "limit__bytes": 2**30,
    "limit__peak_usage_ratio": 0.4,
    "limit__hits": 0,
}


def test_a_finding_says_who_and_rules_the_others_out_with_numbers() -> None:
    result = judged(NOISY, **COMPLETE)
    assert (result.verdict.status, result.verdict.rule) == ("finding", "page-cache-noisy-neighbour")
    assert result.verdict.confidence == "high"
    (fired,) = result.findings
    assert fired.neighbours == ("/batch",)
    assert "contain-neighbour" in fired.recommend
    assert [c.cgroup for c in fired.finding.culprits] == ["/batch"]
    assert fired.finding.culprits[0].share == 0.94
    assert "94 %" in result.verdict.summary
    assert "{" not in result.verdict.summary
    assert "pages" in (fired.finding.culprits[0].cause or "")
    ruled_out = {r.rule: r.why for r in result.ruled_out}
    assert "3 %" in ruled_out["own-limit-too-small"]
    assert "0 %" in ruled_out["proactive-reclaim"]
    assert "healthy" not in ruled_out
    # Rules that this test gives no facts for are unknown; these have all of theirs.
    assert not {u.rule for u in result.unknown} & {"own-limit-too-small", "proactive-reclaim"}


def test_a_healthy_service_is_called_so_and_nobody_is_accused() -> None:
    result = judged(HEALTHY, **COMPLETE, evictions__of_service="0x59", evictions__by_neighbours_share=None)
    assert (result.verdict.status, result.verdict.rule, result.verdict.confidence) == ("healthy", "healthy", "high")
    assert "200,000 reads" in result.verdict.summary
    assert result.findings == ()
    assert result.evidence
    assert all("slow" in r.why for r in result.ruled_out)
    assert {r.rule for r in result.ruled_out} >= {
        "page-cache-noisy-neighbour",
        "own-limit-too-small",
        "proactive-reclaim",
    }


def test_slow_reads_without_evictions_are_inconclusive() -> None:
    facts = {
        **COMPLETE,
        "evictions__of_service": "0x79",
        "evictions__by_neighbours_share": None,
        "cache__refaults": "0x79",
    }
    result = judged(NOISY, **facts)
    assert result.verdict.status == "inconclusive"
    assert result.verdict.rule is None
    assert "No rule explains" in result.verdict.summary
    assert "1 %" in result.verdict.summary
    assert "240,000 reads" in result.verdict.summary


def test_too_little_traffic_is_inconclusive_and_says_how_little() -> None:
    result = judged(HEALTHY, **COMPLETE, reads__file_count=42, reads__file_latency="42@1us")
    assert result.verdict.status == "inconclusive"
    assert "42 reads" in result.verdict.summary
    assert "100 reads" in result.verdict.summary


def test_nothing_measured_is_inconclusive_and_claims_nothing() -> None:
    result = evaluate(
        load_rules(), TestFacts(embedded("healthy", "reads were not measured").model_copy(update={"facts": {}}))
    )
    assert result.verdict.status == "inconclusive"
    assert "Nothing" in result.verdict.summary
    assert result.findings == ()
    assert len(result.unknown) == len(load_rules()) - 1
    assert all(u.missing for u in result.unknown)


@pytest.mark.parametrize(
    "facts",
    [
        # its own pages only
        {"evictions__by_neighbours_share": 0.0, "evictions__by_self_share": 1.0},
        # nothing evicted was wanted again
        {"cache__refaults": "0x79"},
        # slow, but not for want of pages
        {"reads__slow_missed_share": 0.1},
        # not slow
        {"reads__slow_share": 0.0001, "reads__slow": "0x79"},
    ],
)
def test_a_busy_neighbour_is_not_accused_without_the_whole_chain(facts: dict[str, object]) -> None:
    result = judged(NOISY, **{**COMPLETE, **facts})
    assert all(not fired.neighbours for fired in result.findings)


# ---------------------------------------------------------------- rules made for the purpose

PAGES, TIME = "evicted pages", "time of the slow reads"
LESS, MORE = "evictions.proactive_share", "evictions.by_self_share"


def rule(
    name: str, rank: int = 500, explains: tuple[str, ...] = (), mechanisms: int = 1, part: str = "", whole: str = PAGES
) -> str:
    conditions = [
        {"fact": "reads.slow_share", "above": "$x"},
        {"fact": "evictions.by_self_share", "above": "$x"},
    ]
    # JSON is YAML, and json writes no anchors.
    return json.dumps(
        {
            "id": name,
            "title": name,
            "why": "for a test",
            "rank": rank,
            "explains": list(explains),
            "accounts_for": {"share": part, "of": whole} if part else None,
            "parameters": {"x": {"unit": "ratio", "default": 0.1, "help": "h"}},
            "when": conditions[0],
            "mechanisms": {f"m{i}": {"kind": "direct", "is": c} for i, c in enumerate(conditions[:mechanisms])},
            "then": {"verdict": "finding", "summary": name + " {reads.slow_share}"},
        },
        indent=1,
    )


def order(tmp_path: Path, *texts: str) -> list[str]:
    for text in texts:
        (tmp_path / f"{json.loads(text)['id']}.yaml").write_text(text)
    own = [loaded for loaded in load_rules([tmp_path]) if loaded.rule.why == "for a test"]
    test = RuleTest.model_validate(
        {
            "name": "t",
            "facts": {"reads.slow_share": 0.5, MORE: 0.5, LESS: 0.4},
            "expect": {"outcome": "fires"},
        }
    )
    result = evaluate(own, TestFacts(test))
    assert result.verdict.rule == result.findings[0].finding.rule
    assert result.verdict.summary.startswith(f"{result.verdict.rule} 50 %")
    for later in result.findings[1:]:
        assert f"{later.finding.rule} (" in result.verdict.summary
    return [fired.finding.rule for fired in result.findings]


def test_the_surer_finding_comes_first(tmp_path: Path) -> None:
    assert order(tmp_path, rule("a", rank=1), rule("b", rank=9, mechanisms=2)) == ["b", "a"]


def test_then_rank_then_id(tmp_path: Path) -> None:
    assert order(tmp_path, rule("a", rank=9), rule("c", rank=1), rule("b", rank=1)) == ["b", "c", "a"]


def test_a_cause_comes_before_what_it_explains_however_sure(tmp_path: Path) -> None:
    assert order(tmp_path, rule("a", explains=("b",)), rule("b", mechanisms=2), rule("c")) == ["a", "b", "c"]


def test_a_cause_explains_only_where_the_mechanism_that_must_show_it_holds(tmp_path: Path) -> None:
    cause = json.loads(rule("a", explains=("b",)))
    cause["mechanisms"]["unseen"] = {"kind": "direct", "is": {"fact": MORE, "below": "$x"}}
    sure = rule("b", mechanisms=2)
    assert order(tmp_path, json.dumps({**cause, "explains_if": "unseen"}), sure) == ["b", "a"]
    assert order(tmp_path, json.dumps({**cause, "explains_if": "m0"}), sure) == ["a", "b"]


def test_explanations_in_a_circle_end(tmp_path: Path) -> None:
    assert sorted(order(tmp_path, rule("a", explains=("b",)), rule("b", explains=("a",)))) == ["a", "b"]


def test_what_accounts_for_more_of_the_same_whole_comes_first_however_sure(tmp_path: Path) -> None:
    assert order(tmp_path, rule("a", mechanisms=2, part=LESS), rule("b", part=MORE)) == ["b", "a"]


def test_parts_of_different_wholes_are_not_compared(tmp_path: Path) -> None:
    assert order(tmp_path, rule("a", part=LESS), rule("b", part=MORE, whole=TIME)) == ["a", "b"]


def test_a_cause_comes_before_what_it_explains_however_little_it_accounts_for(tmp_path: Path) -> None:
    assert order(tmp_path, rule("b", explains=("a",), part=LESS), rule("a", part=MORE)) == ["b", "a"]


def test_a_part_that_was_not_measured_decides_nothing(tmp_path: Path) -> None:
    assert order(tmp_path, rule("a", part="evictions.kswapd_share"), rule("b", part=MORE)) == ["a", "b"]


def test_the_verdict_says_how_much_each_accounts_for(tmp_path: Path) -> None:
    """A neighbour and proactive reclaim: both are reported, the one that removed more first."""
    both = {"evictions__by_neighbours_share": 0.35, "reads__missed": "40x79"}
    neighbour = NOISY.model_copy(
        update={"neighbours": {"/batch": {**(NOISY.neighbours["/batch"] or {}), "neighbour.eviction_share": 0.35}}}
    )
    for pressure, proactive, first in ((0.36, 0.64, "proactive-reclaim"), (0.6, 0.4, "page-cache-noisy-neighbour")):
        shares = {"evictions__pressure_share": pressure, "evictions__proactive_share": proactive}
        result = judged(neighbour, **{**COMPLETE, **both, **shares})
        assert result.verdict.rule == first
        assert {f.finding.rule for f in result.findings} == {"proactive-reclaim", "page-cache-noisy-neighbour"}
        small, large = sorted((pressure, proactive))
        assert f"accounts for {small * 100:.0f} % of the evicted pages, against {large * 100:.0f} %" in (
            result.verdict.summary
        )


@pytest.mark.parametrize(
    ("held", "level"),
    [
        (("evictions", "refaults"), "high"),
        (("evictions", "refaults", "inflow", "timing"), "high"),
        (("evictions",), "medium"),
        (("evictions", "timing"), "medium"),
        (("inflow", "timing"), "medium"),
        (("refaults", "timing"), "medium"),
        (("timing",), "low"),
        (("inflow",), "low"),
        (("refaults",), "low"),
    ],
)
def test_confidence_of_an_accusation(held: tuple[str, ...], level: str) -> None:
    assert confidence(load_rules().get("page-cache-noisy-neighbour").rule, held) == level


def test_two_mechanisms_of_one_instrument_are_one(tmp_path: Path) -> None:
    text = rule("a", mechanisms=2).replace("evictions.by_self_share", "reads.missed_share")
    (tmp_path / "a.yaml").write_text(text)
    assert confidence(load_rules([tmp_path]).get("a").rule, ("m0", "m1")) == "medium"


def test_correlation_alone_never_makes_it_high(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(rule("a", mechanisms=2).replace('"direct"', '"correlation"'))
    assert confidence(load_rules([tmp_path]).get("a").rule, ("m0", "m1")) == "medium"


def test_the_same_facts_give_the_same_evaluation() -> None:
    assert judged(NOISY, **COMPLETE) == judged(NOISY, **COMPLETE)


def test_a_cap_lowers_the_confidence_and_nothing_else() -> None:
    rules, facts = load_rules(), TestFacts(NOISY)
    whole, capped = evaluate(rules, facts), evaluate(rules, facts, at_most="medium")
    assert (whole.verdict.confidence, capped.verdict.confidence) == ("high", "medium")
    assert capped.findings[0].finding.confidence == "medium"
    assert capped.findings[0].finding.evidence == whole.findings[0].finding.evidence
    assert evaluate(rules, facts, at_most="low").verdict.confidence == "low"
