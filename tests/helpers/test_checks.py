"""A difference beyond the tolerance is one, and what was lost has to be said."""

from __future__ import annotations

from tests.helpers.checks import Check


def check(ours: float, theirs: float, **more: float | None) -> Check:
    return Check("reads", ours, theirs, "the workload", **more)  # type: ignore[arg-type]


def test_without_a_tolerance_figures_are_equal_or_not() -> None:
    assert check(10, 10).holds
    assert not check(10, 11).holds
    assert not check(11, 10).holds


def test_the_tolerance_is_a_share_and_a_number() -> None:
    assert check(97, 100, share=0.02, slack=1).holds
    assert not check(96, 100, share=0.02, slack=1).holds


def test_what_was_lost_and_counted_makes_up_for_what_is_missing() -> None:
    assert check(7, 10, lost=3).holds
    assert not check(7, 10, lost=2).holds
    assert not check(10, 10, lost=2).holds


def test_where_the_size_of_what_was_lost_is_unknown_ours_is_the_smaller() -> None:
    assert check(7, 10, lost=None).holds
    assert not check(11, 10, lost=None).holds


def test_what_was_lost_may_have_been_of_others() -> None:
    assert check(7, 10, lost=30, also_of_others=True).holds
    assert not check(7, 10, lost=2, also_of_others=True).holds
    assert not check(11, 10, lost=30, also_of_others=True).holds
