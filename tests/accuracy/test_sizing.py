"""Judging the limits: the bisection, what must hold, and the row of the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from tests.accuracy.sizing import SIZED, STEPS, WIDEST, Sized, bisect
from tests.accuracy.sizing_table import HEAD, line, section_of_guests
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


def test_in_a_guest_all_slow_reads_count_and_blame_is_not_judged() -> None:
    guest = replace(GOOD, slow_removed=(0.7, 0.9, 0.95), blamed=0.8, agreed=0.7, emulated=True)
    assert guest.holds
    assert replace(guest, emulated=False).missing() == ["blamed", "agreement"]
    assert replace(GOOD, emulated=True).missing() == ["slow reads"]


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


@pytest.mark.parametrize(("version", "title"), [(1, "## Limits on cgroup v1"), (2, "## Limits and protection")])
def test_a_section_of_guests_names_version_and_kernel_and_holds_if_all_rows_do(
    version: Literal[1, 2], title: str
) -> None:
    text, holds = section_of_guests([("6.1.0", GOOD)], version, 20.0)
    assert holds
    assert text.startswith(title)
    assert "\n| noisy-neighbour, Linux 6.1.0 | batch 60 MiB |" in text
    assert " 20 s are measured each time" in text
    assert not section_of_guests([("6.1.0", GOOD), ("6.2.0", replace(GOOD, ratio=1.6))], version, 20.0)[1]
    assert not section_of_guests([], version, 20.0)[1]


def test_on_v1_it_says_by_how_much_the_number_of_slow_reads_fell() -> None:
    rows = [("6.1.0", replace(GOOD, slow_fewer=0.931)), ("6.2.0", replace(GOOD, slow_fewer=0.954))]
    assert "not only their share, fell by 93.1 % and 95.4 %." in section_of_guests(rows, 1, 20.0)[0]
