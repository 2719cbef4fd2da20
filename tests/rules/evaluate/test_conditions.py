"""Each kind of condition: true, false, unknown, and the values it leaves."""

from __future__ import annotations

import pytest

from diagnose.rules.evaluate.checked import (
    Checked,
    DividedByZero,
    FewKnownWindows,
    NoNeighbours,
)
from diagnose.rules.evaluate.conditions import SHOWN_NEIGHBOURS
from tests.helpers.asked import PARSE, ask, not_given, only


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
