"""A condition that was judged, as a row of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from diagnose.analysis.statistics import Together
from diagnose.report.model import Evidence
from diagnose.report.wording.evidence import all_missing, came_to, condition, evidence
from diagnose.report.wording.writer import Names
from diagnose.rules.evaluate.checked import Checked
from diagnose.rules.evaluate.result import Result
from tests.helpers.asked import BURSTS, ON_OFF, TOGETHER, ask, ask_of_neighbour

VALUES = {"x": 0.1, "w": 0.005, "s": 0.001, "p": 0.05, "r": 0.35, "c": 3.0, "d": 0.4}
SLOW = {"fact": "reads.slow_share", "at_least": "$x"}
QUOTIENT = {"fact": "cache.refaults", "per": "reads.slow", "above": "$x"}
FEW = (
    "too little data, pages it added to the page cache and slow reads are known together in 10 windows, "
    "more than 20 are needed"
)
GAPS = " ".join(f"{value * 37 % 101} _" for value in range(30))
SHAPE = {"two_modes": "reads.file_latency", "slow_weight_at_least": "$w"}


def row(result: Result, names: Mapping[str, str] | None = None) -> Evidence:
    """Return the row of a result's one condition; the reader has not met the neighbour before."""
    (checked,) = result.checked
    return evidence(checked, VALUES, Names(names or {}).writer())


def only(result: Result) -> Checked:
    (checked,) = result.checked
    return checked


def test_a_number_is_shown_beside_its_threshold() -> None:
    found = row(ask(SLOW, {"reads.slow_share": 0.5}, **VALUES))
    assert found == Evidence(
        condition="share of file reads that were slow is at least 10 %",
        holds=True,
        measured=0.5,
        threshold=0.1,
        unit="ratio",
        outcome="yes",
    )


def test_what_a_condition_is_in_its_rule_stands_before_it() -> None:
    checked = replace(only(ask(SLOW, {"reads.slow_share": 0.5}, **VALUES)), mechanism="m", within=("any", "not"))
    found = evidence(checked, VALUES, Names({}).writer())
    said = "share of file reads that were slow is at least 10 %"
    assert found.condition == f"mechanism m: one of these is enough: not: {said}"
    assert (found.mechanism, found.holds, found.outcome) == ("m", False, "failed")
    assert condition(checked, VALUES, Names({}).writer(), alternative=False) == f"not: {said}"


def test_a_neighbour_is_named_as_people_know_it() -> None:
    found = row(ask_of_neighbour(TOGETHER, "1+1x9", "1+1x9", **VALUES), {"/a": "nightly"})
    assert found.condition.startswith("nightly (/a): slow reads follow ")
    assert (found.missing or "").startswith("nightly: too little data, ")


@pytest.mark.parametrize(
    ("result", "measured", "threshold"),
    [
        (ask(SHAPE, {"reads.file_latency": "10000@1us"}, **VALUES), "one mode", 0.005),
        (
            ask({**SHAPE, "slow_latency_at_least": "$s"}, {"reads.file_latency": "9900@1us 100@2ms"}, **VALUES),
            "1 % at a median of 2 ms",
            "0.5 % at 1 ms or more",
        ),
        (ask_of_neighbour(TOGETHER, "5x59", "1+1x59", **VALUES), "no change", 0.35),
        (ask_of_neighbour(ON_OFF, "90x59", "1x59", **VALUES), "no bursts", 0.4),
        (
            ask_of_neighbour(ON_OFF, "9 9 9 0 9 9 9 0 9 9", "1x9", **VALUES),
            "8 windows in bursts and 2 windows outside them, at least 3 of each are needed",
            0.4,
        ),
        (
            ask_of_neighbour(ON_OFF, BURSTS, "8x9 1x9 8x9 1x9 8x9 1x9", **VALUES),
            "-1; below 0: slow reads were lower in the bursts than outside them",
            0.4,
        ),
        (ask_of_neighbour(ON_OFF, "0x9 90x9 0x9", "1x9 8x9 1x9", **VALUES), "1 over 1 cycle, fewer than 3", 0.4),
        (
            ask_of_neighbour(ON_OFF, "0x9 90x9 0x9", "8x9 1x9 8x9", **VALUES),
            "-1 over 1 cycle, fewer than 3; below 0: slow reads were lower in the bursts than outside them",
            0.4,
        ),
        (
            ask({"for_each": "neighbour", "all": [SLOW]}, {"evictions.of_service": "5x9"}, **VALUES),
            "none",
            None,
        ),
    ],
)
def test_what_a_number_does_not_say_is_said(result: Result, measured: object, threshold: object) -> None:
    found = row(result)
    assert (found.measured, found.threshold) == (measured, threshold)


@pytest.mark.parametrize(
    ("result", "missing"),
    [
        (ask(SLOW, **VALUES), "reads.slow_share is not given in this test"),
        (
            ask(QUOTIENT, {"cache.refaults": "1x3", "reads.slow": "0x3"}, **VALUES),
            "slow reads: 0, so nothing can be divided by it",
        ),
        (
            ask({"series": "reads.slow", "take": "max", "above": "$x"}, {"reads.slow": "1 _x4"}, **VALUES),
            "slow reads: measured in 1 of 5 windows only",
        ),
        (
            ask(SHAPE, {"reads.file_latency": "42@1us"}, **VALUES),
            "latency of buffered reads of regular files: 42 samples, 100 are needed",
        ),
        (
            ask_of_neighbour(TOGETHER, "1+1x9", "1+1x9", **VALUES),
            f"/a: {FEW}",
        ),
        (
            ask_of_neighbour(TOGETHER, GAPS, GAPS, **VALUES),
            "/a: too many windows are missing for a correlation",
        ),
        (ask_of_neighbour(ON_OFF, "9 9 9 0 9 9 9 0 9 9", "1x9", **VALUES), "too little data"),
    ],
)
def test_what_is_missing_is_said(result: Result, missing: str) -> None:
    assert row(result).missing == missing


def test_what_is_missing_of_several_is_said_once() -> None:
    each = {"for_each": "neighbour", "all": [{"fact": "neighbour.eviction_share", "at_least": "$x"}, TOGETHER]}
    few = {"neighbour.inserted": "1+1x9"}
    result = ask(each, {"reads.slow": "1+1x9"}, {"/a": few, "/b": few}, **VALUES)
    assert all_missing(result.reasons, Names({}).writer()) == (
        f"neighbour.eviction_share is not given in this test; /a: {FEW}; /b: {FEW}"
    )


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (ask(SLOW, {"reads.slow_share": 0.05}, **VALUES), "failed: 5 % measured, 10 % is the threshold"),
        (ask(SLOW, **VALUES), "unknown: reads.slow_share is not given in this test"),
        (
            ask_of_neighbour(TOGETHER, "1+1x9", "1+1x9", **VALUES),
            FEW,
        ),
        (
            ask_of_neighbour(ON_OFF, "0x9 90x9 0x9", "1x9 8x9 1x9", **VALUES),
            "too little data: 1 over 1 cycle, fewer than 3",
        ),
        (ask_of_neighbour(ON_OFF, "90x59", "1x59", **VALUES), "failed: no bursts measured, 0.4 is the threshold"),
        (
            ask({"for_each": "neighbour", "all": [SLOW]}, {"evictions.of_service": "5x9"}, **VALUES),
            "failed",
        ),
    ],
)
def test_why_a_condition_does_not_hold(result: Result, said: str) -> None:
    assert came_to(only(result), VALUES, Names({}).writer()) == said


def test_a_correlation_that_may_be_chance_says_so() -> None:
    asked = only(ask_of_neighbour(TOGETHER, BURSTS, BURSTS, **VALUES))
    for correlation, met, measured in ((0.574, False, "0.574, chance 7 %"), (0.574, True, 0.574), (0.2, False, 0.2)):
        found = replace(asked, measured=Together(correlation, 0, 0.07, 40), met=met)
        assert evidence(found, VALUES, Names({}).writer()).measured == measured
