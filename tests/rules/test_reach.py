"""Lint finds conditions that can never hold, and those that always do."""

from __future__ import annotations

import pytest

from diagnose.rules import load_rules
from diagnose.rules.reach import beyond_reach, unreachable
from diagnose.rules.schema import Rule

SHARE = {"unit": "ratio", "help": "a reason of five words"}


def rule(when: list[object], mechanism: object = None, **values: float) -> Rule:
    document = {
        "id": "made-up",
        "title": "Made up",
        "why": "For this test.",
        "parameters": {name: {**SHARE, "default": float(value)} for name, value in values.items()},
        "when": {"all": when},
        "mechanisms": {"one": {"kind": "direct", "is": mechanism or when[0]}},
        "then": {"verdict": "finding", "summary": "{reads.slow_share}"},
    }
    return Rule.model_validate(document)


def found(made: Rule) -> list[tuple[str, str]]:
    values = {name: p.default for name, p in made.parameters.items()}
    return [(".".join(map(str, place)), text) for place, text in unreachable(made, values)]


@pytest.mark.parametrize(
    ("lower", "upper", "low", "high", "clash"),
    [
        ("at_least", "at_most", 0.5, 0.4, True),
        ("at_least", "at_most", 0.4, 0.4, False),
        ("above", "at_most", 0.4, 0.4, True),
        ("at_least", "below", 0.4, 0.4, True),
        ("at_least", "below", 0.4, 0.5, False),
    ],
)
def test_bounds_that_leave_no_value(lower: str, upper: str, low: float, high: float, clash: bool) -> None:
    conditions = [{"fact": "reads.slow_share", lower: "$low"}, {"fact": "reads.slow_share", upper: "$high"}]
    problems = found(rule(conditions, low=low, high=high))
    assert bool(problems) == clash
    if clash:
        assert problems[0][0] == f"when.all.1.{upper}"
        assert "never hold together with when.all.0" in problems[0][1]


def test_different_divisors_are_different_quantities() -> None:
    conditions = [
        {"fact": "cache.refaults", "per": "reads.slow", "at_least": "$low"},
        {"fact": "cache.refaults", "per": "reads.missed", "below": "$high"},
    ]
    assert found(rule(conditions, low=0.5, high=0.25)) == []


def test_alternatives_need_not_hold_together() -> None:
    conditions = [
        {
            "any": [
                {"fact": "reads.slow_share", "at_least": "$low"},
                {"fact": "reads.slow_share", "below": "$high"},
            ]
        }
    ]
    assert found(rule(conditions, low=0.5, high=0.4)) == []


def test_a_mechanism_that_the_conditions_rule_out() -> None:
    made = rule(
        [{"fact": "reads.slow_share", "below": "$high"}],
        {"fact": "reads.slow_share", "at_least": "$low"},
        low=0.5,
        high=0.4,
    )
    assert [place for place, _ in found(made)] == ["mechanisms.one.is.at_least"]


def test_what_no_measurement_can_fail_or_meet() -> None:
    always = found(rule([{"fact": "reads.slow_share", "at_least": "$low"}], low=0.0))
    never = found(rule([{"fact": "reads.slow_share", "below": "$high"}], high=0.0))
    assert "always holds" in always[0][1]
    assert "can never hold" in never[0][1]


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ({"fact": "reads.slow_share", "above": "$p"}, "above"),
        ({"fact": "reads.slow_share", "at_most": "$p"}, "at_most"),
        ({"series": "cache.hit_ratio_by_window", "take": "min", "below": "$p"}, "below"),
        ({"series": "cache.missed", "take": "share_of_windows_above", "than": "$p", "below": "$p"}, "below"),
        ({"two_modes": "reads.file_latency", "slow_weight_at_least": "$p"}, "slow_weight_at_least"),
    ],
)
def test_shares_above_one_are_out_of_reach(condition: dict[str, str], key: str) -> None:
    made = rule([condition], p=95.0)
    assert [(place[-1], name) for place, name, _ in beyond_reach(made, {"p": 95.0})] == [(key, "p")]
    assert list(beyond_reach(made, {"p": 1.0})) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"fact": "neighbour.file_inflow_ratio", "above": "$p"},
        {"fact": "cpu.throttled_share", "above": "$p"},
        {"fact": "cache.refaults", "per": "cache.missed", "above": "$p"},
        {"fact": "reads.slow", "above": "$p"},
        {"series": "cache.hit_ratio_by_window", "take": "total", "above": "$p"},
        {"series": "cache.missed", "take": "windows_above", "than": "$p", "above": "$p"},
    ],
)
def test_quotients_times_and_counts_may_be_above_one(condition: dict[str, str]) -> None:
    assert list(beyond_reach(rule([condition], p=95.0), {"p": 95.0})) == []


def test_shipped_rules_are_within_reach() -> None:
    rules = load_rules()
    for loaded in (*rules, *rules.instead):
        assert unreachable(loaded.rule, loaded.values) == [], loaded.id
        assert list(beyond_reach(loaded.rule, loaded.values)) == [], loaded.id
