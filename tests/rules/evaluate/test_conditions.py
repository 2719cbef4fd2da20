"""Each kind of condition: true, false, unknown, and the values it leaves."""

from __future__ import annotations

import numpy as np
import pytest

from diagnose.analysis.facts import Missing
from diagnose.analysis.statistics import MIN_SAMPLES, OnOff, Together, TwoModes
from diagnose.analysis.statistics.onoff import MIN_WINDOWS
from diagnose.analysis.statistics.together import MIN_PAIRS
from diagnose.rules.evaluate.checked import (
    Checked,
    DividedByZero,
    FewCommonWindows,
    FewCycles,
    FewKnownWindows,
    FewSamples,
    FewWindowsOnOrOff,
    ManyGaps,
    NeverChanged,
    NoBursts,
    NoNeighbours,
    OneMode,
)
from diagnose.rules.evaluate.conditions import SHOWN_NEIGHBOURS
from diagnose.rules.evaluate.result import Result
from tests.helpers.asked import BURSTS, ON_OFF, PARSE, TOGETHER, ask, ask_of_neighbour


def only(result: Result) -> Checked:
    """Return the one condition that was judged, which is the reason for the outcome, too."""
    assert result.checked == result.reasons
    (checked,) = result.checked
    assert result.truth is checked.holds
    return checked


def not_given(name: str, probe: str) -> Missing:
    return Missing("not-in-test", name, probe)


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
    condition = {"fact": "reads.slow_share", bound: "$x"}
    checked = only(ask(condition, {"reads.slow_share": value}, x=0.1))
    assert checked == Checked(PARSE.validate_python(condition), None, holds, value, 0.1, "ratio")
    assert checked.outcome == ("yes" if holds else "failed")


def test_missing_is_unknown_and_says_why() -> None:
    checked = only(ask({"fact": "reads.slow_share", "above": "$x"}, x=0.1))
    assert (checked.met, checked.measured, checked.threshold) == (None, None, 0.1)
    assert checked.missing == not_given("reads.slow_share", "reads")
    assert checked.outcome == "unknown"


QUOTIENT = {"fact": "cache.refaults", "per": "reads.slow", "at_least": "$x"}


def test_a_quotient() -> None:
    checked = only(ask(QUOTIENT, {"cache.refaults": "5x3", "reads.slow": "10x3"}, x=0.5))
    assert (checked.met, checked.measured, checked.unit) == (True, 0.5, "pages per read")


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({"cache.refaults": "5x3", "reads.slow": "0x3"}, DividedByZero("reads.slow")),
        ({"cache.refaults": "5x3"}, not_given("reads.slow", "reads")),
        ({"reads.slow": "5x3"}, not_given("cache.refaults", "cgroups")),
        ({}, not_given("cache.refaults", "cgroups")),
    ],
)
def test_a_quotient_of_what_is_missing_or_zero_is_unknown(facts: dict[str, str], missing: object) -> None:
    checked = only(ask(QUOTIENT, facts, x=0.5))
    assert (checked.met, checked.missing) == (None, missing)


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
    checked = only(ask(condition, {"reads.slow": "1 2 _ 2 7"}, x=measured, y=2))
    assert (checked.met, checked.measured) == (True, measured)
    rare = only(ask(condition, {"reads.slow": "1 _x4"}, x=0, y=2))
    assert (rare.met, rare.missing) == (None, FewKnownWindows("reads.slow", 1, 5))


# ---------------------------------------------------------------- two modes

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


# ---------------------------------------------------------------- groups

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
    assert result.checked
    assert set(bound) <= {c.neighbour for c in result.checked}


def test_of_many_neighbours_some_are_shown_and_the_nearest_miss_stands_for_the_others() -> None:
    two = {"for_each": "neighbour", "all": [*SHARE["all"], {"fact": "neighbour.inserted_share", "at_least": "$x"}]}
    many = {f"/{i}": {"neighbour.eviction_share": 0.5, "neighbour.inserted_share": 0.5} for i in range(9)}
    assert len(ask(SHARE, {}, many, x=0.3).checked) == SHOWN_NEIGHBOURS
    near = {name: {"neighbour.eviction_share": 0.1, "neighbour.inserted_share": 0.1} for name in many}
    near["/near"] = {"neighbour.eviction_share": 0.5, "neighbour.inserted_share": 0.1}
    assert {c.neighbour for c in ask(two, {}, near, x=0.3).checked} == {"/near"}


def test_no_neighbours_is_false_where_somebody_would_have_been_seen_and_else_unknown() -> None:
    seen = only(ask(SHARE, {"evictions.of_service": "5x9"}, x=0.3))
    assert (seen.met, seen.measured, seen.threshold) == (False, NoNeighbours(), None)
    blind = only(ask(SHARE, {"reads.file_count": 5}, x=0.3))
    assert (blind.met, blind.missing) == (None, not_given("neighbour.eviction_share", "evictions"))


def test_not_turns_what_holds_round_and_keeps_what_was_met() -> None:
    checked = only(ask({"not": {"fact": "reads.slow_share", "above": "$x"}}, {"reads.slow_share": 0.01}, x=0.1))
    assert (checked.met, checked.holds, checked.within, checked.outcome) == (False, True, ("not",), "yes")
    assert ask({"not": {"fact": "reads.slow_share", "above": "$x"}}, x=0.1).truth is None
    twice = only(ask({"not": {"not": {"fact": "reads.slow_share", "above": "$x"}}}, {"reads.slow_share": 0.01}, x=0.1))
    assert (twice.met, twice.holds) == (False, False)


TRUE = {"fact": "reads.slow_share", "above": "$x"}
FALSE = {"fact": "reads.missed_share", "above": "$x"}
UNKNOWN = {"fact": "reads.p99", "above": "$x"}
FACTS = {"reads.slow_share": 0.5, "reads.missed_share": 0.01}


def asked_by(checked: tuple[Checked, ...]) -> list[str]:
    return [c.condition.fact for c in checked]  # type: ignore[union-attr]


def test_groups_keep_all_that_was_checked_and_the_reasons_of_their_outcome() -> None:
    every = ask({"all": [TRUE, FALSE, UNKNOWN]}, FACTS, x=0.1)
    assert every.truth is False
    assert [c.holds for c in every.checked] == [True, False, None]
    assert asked_by(every.reasons) == ["reads.missed_share"]
    some = ask({"any": [TRUE, UNKNOWN]}, FACTS, x=0.1)
    assert (some.truth, asked_by(some.reasons)) == (True, ["reads.slow_share"])
    unsure = ask({"any": [FALSE, UNKNOWN]}, FACTS, x=0.1)
    assert (unsure.truth, asked_by(unsure.reasons)) == (None, ["reads.p99"])


def test_one_of_several_of_which_one_is_enough_is_marked() -> None:
    several = ask({"any": [TRUE, {"not": FALSE}]}, FACTS, x=0.1)
    assert [c.within for c in several.checked] == [("any",), ("any", "not")]
    assert only(ask({"any": [TRUE]}, FACTS, x=0.1)).within == ()
