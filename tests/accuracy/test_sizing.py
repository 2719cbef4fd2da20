"""Judging the limits: the bisection, what must hold, and the row of the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.accuracy.sizing import SIZED, STEPS, WIDEST, Sized, bisect
from tests.accuracy.sizing_table import HEAD, line
from tests.accuracy.trial import MIB

GOOD = Sized(
    "noisy-neighbour",
    "batch 60 MiB",
    optimum="batch 78 MiB",
    ratio=1.3,
    slow_removed=(0.7, 0.8, 0.95),
    slow_avoided=0.93,
    removed=1.0,
    predicted=99.8,
    measured=99.9,
    blamed=0.99,
    agreed=0.995,
)


@pytest.mark.parametrize("edge", [1.08, 1.3, 1.5, 1.7])
def test_the_largest_limit_that_is_enough_is_found(edge: float) -> None:
    asked: list[float] = []

    def enough(factor: float) -> bool:
        asked.append(factor)
        return factor <= edge

    found = bisect(enough, 1.0, WIDEST)
    assert found <= edge
    assert found * WIDEST ** (1 / 2**STEPS) >= edge * 0.999
    assert len(asked) == STEPS


def test_the_smallest_limit_that_is_enough_is_found() -> None:
    found = bisect(lambda factor: factor >= 0.8, 1.0, 0.5)
    assert 0.8 <= found <= 0.88


def test_where_nothing_else_is_enough_it_stays() -> None:
    assert bisect(lambda _: False, 1.0, WIDEST) == 1.0


def test_what_holds() -> None:
    assert GOOD.holds
    assert line(GOOD).endswith("| yes |")
    assert line(GOOD).count("|") == HEAD[0].count("|")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"removed": 0.89}, "removed"),
        ({"slow_avoided": 0.89}, "slow reads"),
        ({"ratio": 1.51}, "ratio"),
        ({"predicted": 96.0}, "prediction"),
        ({"blamed": 0.89}, "blamed"),
        ({"blamed": None}, "blamed"),
        ({"agreed": 0.98}, "agreement"),
        ({"removed": None}, "no limit"),
        ({"again": False}, "harm"),
    ],
)
def test_what_does_not_hold_is_named(changes: dict[str, float | None], named: str) -> None:
    row = replace(GOOD, **changes)  # type: ignore[arg-type]
    assert not row.holds
    assert any(name.startswith(named) for name in row.missing())
    assert f"| no: {row.missing()[0]}" in line(row)


def test_a_kill_or_an_end_never_holds() -> None:
    assert not replace(GOOD, killed=1).holds
    assert not replace(GOOD, alive=False).holds


def test_no_limit_needs_a_proof() -> None:
    bare = Sized("neighbour-memory", "No safe limit for /batch")
    assert not bare.holds
    assert not replace(bare, tried="with 40 MiB the kernel killed 0 of its processes").holds
    assert replace(bare, tried="with 40 MiB the kernel killed 1 of its processes", unsafe=True).holds


def test_the_memory_scenarios_are_all_tried() -> None:
    assert len(set(SIZED)) == len(SIZED) >= 9
    assert MIB == 1 << 20
