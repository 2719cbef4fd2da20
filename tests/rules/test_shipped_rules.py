"""The rules that ship: lint, their own tests, and what they may not do."""

from __future__ import annotations

from collections import Counter

import pytest

from diagnose import resources
from diagnose.analysis import facts
from diagnose.rules import LoadedRule, load_rules
from diagnose.rules.evaluate.testing import TestOutcome, run_tests
from diagnose.rules.lint import lint
from diagnose.rules.templates import placeholders
from tests.helpers.own_rules import shipped_shared

FOLDER = resources.folder("rules")
OUTCOMES = run_tests(FOLDER)
RULES = load_rules()
ALL = [*RULES, *RULES.instead]
IDS = [*(r.id for r in RULES), *(f"{r.id} without BPF" for r in RULES.instead)]
EACH_RULE = pytest.mark.parametrize("loaded", ALL, ids=IDS)


def test_lint_finds_nothing() -> None:
    assert lint(FOLDER) == []


@pytest.mark.parametrize("outcome", OUTCOMES, ids=[f"{o.rule}: {o.test}" for o in OUTCOMES])
def test_embedded(outcome: TestOutcome) -> None:
    assert outcome.passed, outcome.differs


@EACH_RULE
def test_near_misses_and_missing_data_are_tested(loaded: LoadedRule) -> None:
    outcomes = [test.expect.outcome for test in loaded.rule.tests]
    assert {"fires", "quiet", "unknown"} <= set(outcomes)
    assert any("near miss" in test.name for test in loaded.rule.tests)


def test_the_healthy_rule_meets_the_others_without_a_gap() -> None:
    """Below the share from which a cause is looked for, the service may be called healthy; not above it."""
    shares = {r.id: r.values["slow_share"] for r in RULES if "slow_share" in r.values}
    assert set(shares.values()) == {shares["healthy"]}
    assert all("slow_share" in r.inherited for r in RULES if "slow_share" in r.values)


def test_what_rules_share_is_said_once() -> None:
    """What more than three rules would declare alike, for the same reason, belongs into shared.yaml."""
    declared = Counter(
        (name, parameter.unit, parameter.default, parameter.help)
        for loaded in ALL
        for name, parameter in loaded.rule.parameters.items()
        if name not in loaded.inherited
    )
    assert [threshold for threshold, rules in declared.items() if rules > 3] == []


def test_what_is_shared_is_used() -> None:
    used = {name for loaded in ALL for name in loaded.inherited}
    assert used == set(shipped_shared().parameters)


NEEDS_BPF = {"reads", "page-cache", "evictions", "blame", "block", "stalls", "io-uring"}


def test_without_bpf_no_rule_asks_or_speaks_of_what_only_bpf_can_measure() -> None:
    for loaded in RULES.instead:
        named = [w.split(":")[0] for w in placeholders(loaded.rule.then.summary)]
        asked = {facts.FACTS[name].probe for name in [*loaded.rule.facts(), *named] if name in facts.FACTS}
        assert not asked & NEEDS_BPF, loaded.id
        assert loaded.rule.then.recommend == [], "limits are sized by what BPF sees"


def test_without_bpf_nobody_is_called_healthy_and_the_ids_are_the_same() -> None:
    assert {loaded.rule.then.verdict for loaded in RULES.instead} == {"finding"}
    assert {loaded.id for loaded in RULES.instead} <= {loaded.id for loaded in RULES}
    assert [loaded.id for loaded in RULES.without_bpf()] != []
    assert {loaded.id for loaded in RULES.without_bpf()} == {loaded.id for loaded in RULES}


def test_a_neighbour_is_accused_by_inference_alone_and_that_is_said() -> None:
    for loaded in RULES.instead:
        if loaded.rule.binds_neighbours:
            assert {m.kind for m in loaded.rule.mechanisms.values()} == {"correlation"}, loaded.id
            assert "not seen" in " ".join(loaded.rule.then.summary.split()), loaded.id
            assert "probably" in loaded.rule.title, loaded.id
