"""Conditions on shapes: two modes, series that move together, on and off."""

from __future__ import annotations

import numpy as np
import pytest

from diagnose.analysis.statistics import MIN_SAMPLES, OnOff, Together, TwoModes
from diagnose.analysis.statistics.onoff import MIN_WINDOWS
from diagnose.analysis.statistics.together import MIN_PAIRS
from diagnose.rules.evaluate.checked import (
    Checked,
    FewCommonWindows,
    FewCycles,
    FewSamples,
    FewWindowsOnOrOff,
    ManyGaps,
    NeverChanged,
    NoBursts,
    OneMode,
)
from tests.helpers.asked import BURSTS, ON_OFF, PARSE, TOGETHER, ask, ask_of_neighbour, not_given, only

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
    checked = only(ask(SHAPE, {"reads.file_latency": latency}, w=0.005, t=10))
    assert checked.met is truth
    assert (checked.missing is not None) is (truth is None)


def test_what_was_found_of_two_modes() -> None:
    found = only(ask(SHAPE, {"reads.file_latency": "9900@1us 100@1ms"}, w=0.005, t=10)).measured
    assert isinstance(found, TwoModes)
    assert found.slow.weight == pytest.approx(0.01)
    assert only(ask(SHAPE, {"reads.file_latency": "10000@1us"}, w=0.005, t=10)).measured == OneMode("one-population")
    few = only(ask(SHAPE, {"reads.file_latency": "50@1us 49@1ms"}, w=0.005, t=10))
    assert few.missing == FewSamples("reads.file_latency", 99, MIN_SAMPLES)


def test_of_several_divisions_the_one_that_qualifies_counts() -> None:
    latency = {"reads.file_latency": "60000@1us~0.08 40000@20us~0.08 1000@2ms"}
    checked = only(ask(SHAPE, latency, w=0.005, t=500))
    assert checked.met is True
    assert isinstance(checked.measured, TwoModes)
    assert checked.measured.slow.weight == pytest.approx(0.01, rel=0.05)


def test_a_slow_mode_may_have_to_be_slow_in_seconds() -> None:
    shape = {"two_modes": "reads.file_latency", "slow_weight_at_least": "$w", "slow_latency_at_least": "$s"}
    latency = {"reads.file_latency": "9900@1us 100@1ms"}
    assert [ask(shape, latency, w=0.005, s=seconds).truth for seconds in (0.0005, 0.005)] == [True, False]


# ---------------------------------------------------------------- moving together


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
    only_one = ask({"for_each": "neighbour", "all": [screened]}, facts, crowd, p=0.05, r=0.1, s=0.05)
    assert only_one.bound == ("/a",)


def test_a_neighbour_that_is_screened_out_fails_by_what_screened_it() -> None:
    among = {"fact": "neighbour.inserted_share", "at_least": "$s"}
    each = {"for_each": "neighbour", "all": [{**TOGETHER, "among": among}]}
    small = {"/a": {"neighbour.inserted": walk(2), "neighbour.inserted_share": 0.01}}
    checked = only(ask(each, {"reads.slow": walk(1)}, small, p=0.05, r=0.1, s=0.05))
    assert checked == Checked(PARSE.validate_python(among), "/a", False, 0.01, 0.05, "ratio")


def test_the_lead_of_the_cause_is_found() -> None:
    effect = np.random.default_rng(1).integers(0, 1000, 61)
    early, late = (" ".join(map(str, part)) for part in (effect[1:], effect[:-1]))
    checked = only(ask_of_neighbour(TOGETHER, early, late, p=0.05, r=0.3))
    assert isinstance(checked.measured, Together)
    assert (checked.met, checked.neighbour, checked.measured.lag, checked.threshold) == (True, "/a", 1, 0.3)


def test_a_constant_moves_with_nothing_and_few_windows_say_nothing() -> None:
    constant = only(ask_of_neighbour(TOGETHER, "5x59", walk(1), p=0.05, r=0.3))
    assert (constant.met, constant.measured) == (False, NeverChanged("neighbour.inserted"))
    short = only(ask_of_neighbour(TOGETHER, "2+1x9", "1+1x9", p=0.05, r=0.3))
    few = FewCommonWindows("neighbour.inserted", "reads.slow", 10, MIN_PAIRS)
    assert (short.met, short.missing, short.outcome) == (None, few, "too little data")
    missing = only(ask_of_neighbour(TOGETHER, None, "1+1x59", p=0.05, r=0.3))
    assert (missing.met, missing.missing) == (None, not_given("neighbour.inserted", "page-cache"))


def test_windows_with_gaps_between_them_all_make_no_pairs() -> None:
    gaps = " ".join(f"{value} _" for value in walk(3).split()[:30])
    checked = only(ask_of_neighbour(TOGETHER, gaps, walk(1), p=0.05, r=0.3))
    assert (checked.met, checked.missing) == (None, ManyGaps())


# ---------------------------------------------------------------- on and off


@pytest.mark.parametrize(
    ("activity", "effect", "truth"),
    [
        (BURSTS, "1x9 8x9 1x9 8x9 1x9 8x9", True),
        ("0x29 90x29", "1x29 8x29", False),
        (BURSTS, "5x59", False),
        ("90x59", "1x9 8x9 1x9 8x9 1x9 8x9", False),
        ("0 0 9 9", "1 1 5 5", None),
        (None, "1x9", None),
    ],
)
def test_on_and_off(activity: str | None, effect: str, truth: bool | None) -> None:
    assert ask_of_neighbour(ON_OFF, activity, effect, c=3, d=0.4).truth is truth


def test_the_comparison_is_kept() -> None:
    found = only(ask_of_neighbour(ON_OFF, BURSTS, "1x9 8x9 1x9 8x9 1x9 8x9", c=3, d=0.4)).measured
    assert isinstance(found, OnOff)
    assert (found.cycles, found.delta, found.active_mean, found.idle_mean) == (3, 1, 8, 1)


@pytest.mark.parametrize(
    ("activity", "effect", "measured", "missing", "outcome"),
    [
        (
            "9 9 9 0 9 9 9 0 9 9",
            "1x9",
            None,
            FewWindowsOnOrOff(8, 2, MIN_WINDOWS),
            "too little data",
        ),
        ("90x59", "1x59", NoBursts(), None, "failed"),
    ],
)
def test_what_cannot_be_compared_differs_from_what_does_not_come_in_bursts(
    activity: str, effect: str, measured: object, missing: object, outcome: str
) -> None:
    checked = only(ask_of_neighbour(ON_OFF, activity, effect, c=3, d=0.4))
    assert checked.met is False
    assert (checked.measured, checked.missing, checked.outcome) == (measured, missing, outcome)


@pytest.mark.parametrize(
    ("activity", "effect", "missing", "outcome"),
    [
        (BURSTS, "8x9 1x9 8x9 1x9 8x9 1x9", None, "failed"),
        ("0x9 90x9 0x9", "8x9 1x9 8x9", FewCycles(1, 3), "too little data"),
    ],
)
def test_the_wrong_sign_fails_whether_the_cycles_are_enough_or_not(
    activity: str, effect: str, missing: object, outcome: str
) -> None:
    checked = only(ask_of_neighbour(ON_OFF, activity, effect, c=3, d=0.4))
    assert isinstance(checked.measured, OnOff)
    assert (checked.met, checked.measured.delta) == (False, -1)
    assert (checked.missing, checked.outcome) == (missing, outcome)
