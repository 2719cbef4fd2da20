"""Which of several findings is the primary one, and why."""

from __future__ import annotations

import json
from pathlib import Path

from diagnose.rules import load_rules
from diagnose.rules.evaluate import Evaluation, evaluate
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest
from tests.helpers.made_rules import rule

TIME = "time of the slow reads"
LESS, MORE = "evictions.proactive_share", "evictions.by_self_share"


def evaluated(tmp_path: Path, *texts: str) -> Evaluation:
    for text in texts:
        (tmp_path / f"{json.loads(text)['id']}.yaml").write_text(text)
    own = [loaded for loaded in load_rules([tmp_path]) if loaded.rule.why == "for a test"]
    test = RuleTest.model_validate(
        {"name": "t", "facts": {"reads.slow_share": 0.5, MORE: 0.5, LESS: 0.4}, "expect": {"outcome": "fires"}}
    )
    return evaluate(own, TestFacts(test))


def order(tmp_path: Path, *texts: str) -> list[tuple[str, str | None]]:
    """Return the findings in their order, each with why the first one comes before it."""
    result = evaluated(tmp_path, *texts)
    assert result.rule == result.findings[0].rule
    return [(fired.rule, fired.relation) for fired in result.findings]


def test_the_surer_finding_comes_first(tmp_path: Path) -> None:
    found = order(tmp_path, rule("a", rank=1), rule("b", rank=9, mechanisms=2))
    assert found == [("b", None), ("a", "confidence")]


def test_then_rank_then_id(tmp_path: Path) -> None:
    found = order(tmp_path, rule("a", rank=9), rule("c", rank=1), rule("b", rank=1))
    assert found == [("b", None), ("c", "rank"), ("a", "rank")]


def test_a_cause_comes_before_what_it_explains_however_sure(tmp_path: Path) -> None:
    found = order(tmp_path, rule("a", explains=("b",)), rule("b", mechanisms=2), rule("c"))
    assert found == [("a", None), ("b", "explains"), ("c", "rank")]


def test_a_cause_explains_only_where_the_mechanism_that_must_show_it_holds(tmp_path: Path) -> None:
    cause = json.loads(rule("a", explains=("b",)))
    cause["mechanisms"]["unseen"] = {"kind": "direct", "is": {"fact": MORE, "below": "$x"}}
    sure = rule("b", mechanisms=2)
    unseen = order(tmp_path, json.dumps({**cause, "explains_if": "unseen"}), sure)
    assert unseen == [("b", None), ("a", "confidence")]
    assert order(tmp_path, json.dumps({**cause, "explains_if": "m0"}), sure) == [("a", None), ("b", "explains")]


def test_explanations_in_a_circle_end(tmp_path: Path) -> None:
    found = order(tmp_path, rule("a", explains=("b",)), rule("b", explains=("a",)))
    assert found == [("a", None), ("b", "explains")]


def test_what_accounts_for_more_of_the_same_whole_comes_first_however_sure(tmp_path: Path) -> None:
    found = order(tmp_path, rule("a", mechanisms=2, part=LESS), rule("b", part=MORE))
    assert found == [("b", None), ("a", "outweighs")]


def test_parts_of_different_wholes_are_not_compared(tmp_path: Path) -> None:
    found = order(tmp_path, rule("a", part=LESS), rule("b", part=MORE, whole=TIME))
    assert found == [("a", None), ("b", "rank")]


def test_a_cause_comes_before_what_it_explains_however_little_it_accounts_for(tmp_path: Path) -> None:
    found = order(tmp_path, rule("b", explains=("a",), part=LESS), rule("a", part=MORE))
    assert found == [("b", None), ("a", "explains")]


def test_a_part_that_was_not_measured_decides_nothing(tmp_path: Path) -> None:
    found = order(tmp_path, rule("a", part="evictions.kswapd_share"), rule("b", part=MORE))
    assert found == [("a", None), ("b", "rank")]
