"""The rules that ship: lint, their own tests, their explanation, and what they may not do."""

from __future__ import annotations

import pytest

from diagnose import facts, resources
from diagnose.rules import LoadedRule, TestOutcome, explain, lint, list_rules, load_rules, reference, run_tests
from diagnose.rules.wording import placeholders

FOLDER = resources.folder("rules")
OUTCOMES = run_tests(FOLDER)
RULES = load_rules()
EACH_RULE = pytest.mark.parametrize("loaded", list(RULES), ids=[r.id for r in RULES])


def test_lint_finds_nothing() -> None:
    assert lint(FOLDER) == []


@pytest.mark.parametrize("outcome", OUTCOMES, ids=[f"{o.rule}: {o.test}" for o in OUTCOMES])
def test_embedded(outcome: TestOutcome) -> None:
    assert outcome.passed, outcome.message


@EACH_RULE
def test_explained_in_full(loaded: LoadedRule) -> None:
    text = explain(loaded)
    for name in loaded.rule.parameters:
        assert f"| `{name}` |" in text
    for name in loaded.rule.facts():
        assert f"| `{name}` |" in text
        assert facts.FACTS[name].probe in text
    for reference_ in loaded.rule.references:
        assert reference_ in text
    for consequence in loaded.rule.explains:
        assert f"`{consequence}`" in text
    if loaded.rule.accounts_for:
        assert f"| `{loaded.rule.accounts_for.share}` |" in text


@EACH_RULE
def test_near_misses_and_missing_data_are_tested(loaded: LoadedRule) -> None:
    outcomes = [test.expect.outcome for test in loaded.rule.tests]
    assert {"fires", "quiet", "unknown"} <= set(outcomes)
    assert any("near miss" in test.name for test in loaded.rule.tests)


def test_the_healthy_rule_meets_the_others_without_a_gap() -> None:
    """Below the share from which a cause is looked for, the service may be called healthy; not above it."""
    shares = {r.id: r.values["slow_share"] for r in RULES if "slow_share" in r.values}
    assert set(shares.values()) == {shares["healthy"]}


def test_every_summary_states_numbers() -> None:
    for loaded in RULES:
        named = [w.split(":")[0] for w in placeholders(loaded.rule.then.summary)]
        assert sum(w in facts.FACTS for w in named) >= 3, loaded.id


def test_listed_and_referenced() -> None:
    assert ("healthy", RULES.get("healthy").rule.title) in list_rules(RULES)
    text = reference()
    assert all(f"| `{name}` |" in text for name in facts.FACTS)
