"""Each kind of condition: true, false, unknown, and the evidence it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from diagnose.rules.conditions import Condition
from diagnose.rules.evaluate.conditions import evaluate_condition
from diagnose.rules.evaluate.result import Context, Result
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import Expect, RuleTest

PARSE: TypeAdapter[Any] = TypeAdapter(Condition)


def ask(
    condition: Mapping[str, object],
    facts: Mapping[str, object] | None = None,
    neighbours: Mapping[str, Mapping[str, object]] | None = None,
    **values: float,
) -> Result:
    test = RuleTest.model_validate(
        {
            "name": "t",
            "facts": dict(facts or {}),
            "neighbours": dict(neighbours or {}),
            "expect": Expect(outcome="quiet"),
        }
    )
    return evaluate_condition(PARSE.validate_python(condition), Context(TestFacts(test), values))


@pytest.mark.parametrize(
    ("bound", "value", "holds"),
    [
        ("above", 0.1, False),
        ("above", 0.11, True),
        ("at_least", 0.1, True),
        ("at_least", 0.09, False),
        ("below", 0.1, False),
        ("below", 0.09, True),
        ("at_most", 0.1, True),
        ("at_most", 0.11, False),
    ],
)
def test_bounds_at_and_beside_the_threshold(bound: str, value: float, holds: bool) -> None:
    result = ask({"fact": "reads.slow_share", bound: "$x"}, {"reads.slow_share": value}, x=0.1)
    (evidence,) = result.evidence
    assert result.truth is evidence.holds is holds
    assert (evidence.measured, evidence.threshold, evidence.unit) == (value, 0.1, "ratio")
    assert " 10 %" in evidence.condition
    assert f"{round(value * 100)} %" in result.says[0]


def test_what_rules_out_is_said_with_its_number() -> None:
    result = ask({"fact": "reads.slow_share", "at_least": "$x"}, {"reads.slow_share": 0.0001}, x=0.002)
    assert result.says == ("share of file reads that were slow (0.01 %) is below 0.2 %",)


def test_missing_is_unknown_and_says_why() -> None:
    result = ask({"fact": "reads.slow_share", "above": "$x"}, x=0.1)
    assert result.truth is None
    assert result.missing == ("reads.slow_share is not given in this test",)
    assert result.evidence[0].holds is None
    assert result.evidence[0].measured is None


def test_a_quotient() -> None:
    condition = {"fact": "cache.refaults", "per": "reads.slow", "at_least": "$x"}
    result = ask(condition, {"cache.refaults": "5x3", "reads.slow": "10x3"}, x=0.5)
    assert result.truth is True
    assert (result.evidence[0].measured, result.evidence[0].unit) == (0.5, "pages per read")
    assert ask(condition, {"cache.refaults": "5x3", "reads.slow": "0x3"}, x=0.5).truth is None
    assert ask(condition, {"cache.refaults": "5x3"}, x=0.5).truth is None


@pytest.mark.parametrize(
    ("take", "measured"),
    [
        ("total", 12),
        ("mean", 3),
        ("median", 2),
        ("min", 1),
        ("max", 7),
        ("windows_above", 1),
        ("share_of_windows_above", 0.25),
    ],
)
def test_statistics_of_a_series_leave_missing_windows_out(take: str, measured: float) -> None:
    than = {"than": "$y"} if take.endswith("windows_above") else {}
    condition = {"series": "reads.slow", "take": take, "at_least": "$x", **than}
    result = ask(condition, {"reads.slow": "1 2 _ 2 7"}, x=measured, y=2)
    assert result.truth is True
    assert result.evidence[0].measured == measured
    assert ask(condition, {"reads.slow": "1 _x4"}, x=0, y=2).truth is None


SHAPE = {"two_modes": "reads.file_latency", "slow_weight_at_least": "$w", "times_slower_at_least": "$t"}


@pytest.mark.parametrize(
    ("latency", "truth"),
    [
        ("9900@1us 100@1ms", True),
        ("9900@1us 100@5us", False),
        ("9990@1us 10@1ms", False),
        ("10000@1us", False),
        ("50@1us 49@1ms", None),
        (None, None),
    ],
)
def test_two_modes(latency: str | None, truth: bool | None) -> None:
    result = ask(SHAPE, {"reads.file_latency": latency}, w=0.005, t=10)
    assert result.truth is truth
    assert bool(result.missing) is (truth is None)


def test_of_several_divisions_the_one_that_qualifies_counts() -> None:
    latency = {"reads.file_latency": "60000@1us~0.08 40000@20us~0.08 1000@2ms"}
    result = ask(SHAPE, latency, w=0.005, t=500)
    assert result.truth is True
    assert result.evidence[0].measured == pytest.approx(0.01, rel=0.05)


TOGETHER = {
    "moves_together": {"cause": "neighbour.inserted", "effect": "reads.slow"},
    "p_at_most": "$p",
    "correlation_at_least": "$r",
}


def walk(seed: int) -> str:
    return " ".join(str(v) for v in np.random.default_rng(seed).integers(0, 1000, 60))


def test_moving_together_is_corrected_for_the_number_of_neighbours() -> None:
    rng = np.random.default_rng(1)
    effect = rng.integers(0, 1000, 60)
    weak = " ".join(str(v) for v in effect + rng.integers(0, 2300, 60))
    facts = {"reads.slow": " ".join(map(str, effect))}
    each = {"for_each": "neighbour", "all": [TOGETHER]}
    alone = ask(each, facts, {"/a": {"neighbour.inserted": weak}}, p=0.05, r=0.1)
    crowd = {"/a": {"neighbour.inserted": weak}} | {f"/{i}": {"neighbour.inserted": walk(100 + i)} for i in range(20)}
    among_many = ask(each, facts, crowd, p=0.05, r=0.1)
    assert alone.bound == ("/a",)
    assert among_many.bound == ()
    screened = {**TOGETHER, "among": {"fact": "neighbour.inserted_share", "at_least": "$s"}}
    crowd["/a"] = {"neighbour.inserted": weak, "neighbour.inserted_share": 0.5}
    for name in crowd:
        crowd[name] = {"neighbour.inserted_share": 0.01, **crowd[name]}
    only = ask({"for_each": "neighbour", "all": [screened]}, facts, crowd, p=0.05, r=0.1, s=0.05)
    assert only.bound == ("/a",)


def test_a_lag_is_told_as_a_person_would() -> None:
    effect = np.random.default_rng(1).integers(0, 1000, 61)
    later = {"reads.slow": " ".join(map(str, effect[:-1]))}
    result = ask(
        {"for_each": "neighbour", "all": [TOGETHER]},
        later,
        {"/a": {"neighbour.inserted": " ".join(map(str, effect[1:]))}},
        p=0.05,
        r=0.3,
    )
    assert "at a lag of 1 window, chance" in result.says[0]


def test_a_constant_moves_with_nothing_and_few_windows_say_nothing() -> None:
    each = {"for_each": "neighbour", "all": [TOGETHER]}
    constant = ask(each, {"reads.slow": walk(1)}, {"/a": {"neighbour.inserted": "5x59"}}, p=0.05, r=0.3)
    assert constant.truth is False
    short = ask(each, {"reads.slow": "1+1x9"}, {"/a": {"neighbour.inserted": "2+1x9"}}, p=0.05, r=0.3)
    assert short.truth is None
    missing = ask(each, {"reads.slow": "1+1x59"}, {"/a": {}}, p=0.05, r=0.3)
    assert missing.truth is None


ON_OFF = {
    "on_off": {"activity": "neighbour.inserted", "effect": "reads.slow"},
    "cycles_at_least": "$c",
    "delta_at_least": "$d",
}


@pytest.mark.parametrize(
    ("activity", "effect", "truth"),
    [
        ("0x9 90x9 0x9 90x9 0x9 90x9", "1x9 8x9 1x9 8x9 1x9 8x9", True),
        ("0x29 90x29", "1x29 8x29", False),
        ("0x9 90x9 0x9 90x9 0x9 90x9", "5x59", False),
        ("90x59", "1x9 8x9 1x9 8x9 1x9 8x9", False),
        ("0 0 9 9", "1 1 5 5", None),
        (None, "1x9", None),
    ],
)
def test_on_and_off(activity: str | None, effect: str, truth: bool | None) -> None:
    neighbours = {"/a": {"neighbour.inserted": activity}}
    result = ask({"for_each": "neighbour", "all": [ON_OFF]}, {"reads.slow": effect}, neighbours, c=3, d=0.4)
    assert result.truth is truth


def test_one_onset_is_said_to_be_one_observation() -> None:
    neighbours = {"/a": {"neighbour.inserted": "0x29 90x29"}}
    result = ask({"for_each": "neighbour", "all": [ON_OFF]}, {"reads.slow": "1x29 8x29"}, neighbours, c=3, d=0.4)
    assert "one onset is one observation" in result.says[0]


@pytest.mark.parametrize(
    ("activity", "effect", "measured", "missing"),
    [
        ("9 9 9 0 9 9 9 0 9 9", "1x9", "8 windows in bursts and 2 windows outside them, at least 3", "too little data"),
        ("90x59", "1x59", "no bursts", None),
        ("0x9 90x9 0x9 90x9 0x9 90x9", "8x9 1x9 8x9 1x9 8x9 1x9", "below 0: slow reads were lower in the bursts", None),
        ("0x9 90x9 0x9", "8x9 1x9 8x9", "-1 over 1 cycle, fewer than 3; below 0", "too little data"),
    ],
)
def test_what_stands_against_bursts_is_told_from_too_few_windows(
    activity: str, effect: str, measured: str, missing: str | None
) -> None:
    neighbours = {"/a": {"neighbour.inserted": activity}}
    result = ask({"for_each": "neighbour", "all": [ON_OFF]}, {"reads.slow": effect}, neighbours, c=3, d=0.4)
    assert result.truth is False
    (evidence,) = result.evidence
    assert measured in str(evidence.measured)
    assert evidence.missing == missing


SHARE = {"for_each": "neighbour", "all": [{"fact": "neighbour.eviction_share", "at_least": "$x"}]}


@pytest.mark.parametrize(
    ("shares", "truth", "bound"),
    [
        ({"/a": 0.6, "/b": 0.3, "/c": 0.1}, True, ("/a", "/b")),
        ({"/a": 0.1}, False, ()),
        ({"/a": 0.1, "/b": None}, None, ()),
        ({"/a": 0.6, "/b": None}, True, ("/a",)),
        ({}, False, ()),
    ],
)
def test_for_each_neighbour(shares: dict[str, float | None], truth: bool | None, bound: tuple[str, ...]) -> None:
    neighbours = {name: {"neighbour.eviction_share": share} for name, share in shares.items()}
    result = ask(SHARE, {"evictions.of_service": "5x9"}, neighbours, x=0.3)
    assert (result.truth, result.bound) == (truth, bound)
    assert result.evidence


def test_no_neighbours_because_nothing_was_measured_is_unknown() -> None:
    assert ask(SHARE, {"reads.file_count": 5}, x=0.3).truth is None


def test_not_turns_the_evidence_round() -> None:
    result = ask({"not": {"fact": "reads.slow_share", "above": "$x"}}, {"reads.slow_share": 0.01}, x=0.1)
    assert result.truth is True
    assert result.evidence[0].holds is True
    assert result.evidence[0].condition.startswith("not: ")
    assert ask({"not": {"fact": "reads.slow_share", "above": "$x"}}, x=0.1).truth is None


def test_groups_keep_all_evidence_and_the_reasons_of_their_outcome() -> None:
    true = {"fact": "reads.slow_share", "above": "$x"}
    false = {"fact": "reads.missed_share", "above": "$x"}
    unknown = {"fact": "reads.p99", "above": "$x"}
    facts = {"reads.slow_share": 0.5, "reads.missed_share": 0.01}
    both = ask({"all": [true, false, unknown]}, facts, x=0.1)
    assert both.truth is False
    assert [e.holds for e in both.evidence] == [True, False, None]
    assert both.says == ("share of file reads that missed the page cache (1 %) is not above 10 %",)
    assert ask({"any": [true, unknown]}, facts, x=0.1).truth is True
    assert ask({"any": [false, unknown]}, facts, x=0.1).truth is None
