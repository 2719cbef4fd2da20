"""What else took the service's pages, from captures to count on one's fingers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.other_causes import (
    OtherCause,
    ProactiveReclaim,
    Taker,
    Waits,
    WhenDropped,
    other_causes,
)
from diagnose.analysis.windows import Windows
from diagnose.capture.tables import Bins, Blame, BlamedReads
from tests.helpers.small_capture import SVC, small_capture

BATCH = 20
CGROUPS = {1: "/", 10: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch"}


def facts(**changes: object) -> Facts:
    return Facts(Windows(small_capture(**{"cgroups": CGROUPS, "windows": 2, "blame": None, **changes})))


def lost(batch: int, proactive: int) -> list[tuple[int, int, int, str, int]]:
    return [(0, BATCH, SVC, "memcg-reclaim", batch), (1, 1, SVC, "proactive", proactive)]


THRESHOLDS = {"slow_share": 0.002, "min_slow_reads": 20}


def beside_pressure(found: Facts, thresholds: Mapping[str, float] = THRESHOLDS) -> list[OtherCause]:
    """Return what is named beside a finding about pressure; the fact, in which all is, must agree."""
    named = other_causes(found, "evictions.pressure_share", thresholds)
    assert [c for c in found.value("evictions.besides").causes if c.worth_naming(thresholds)] == list(named)
    return list(named)


def test_a_cause_with_a_twentieth_of_the_pages_is_named_and_one_with_less_is_not() -> None:
    (named,) = beside_pressure(facts(evictions=lost(95, 5)))
    assert (named.taker, named.share, named.waits.reads) == ("proactive", 0.05, 0)
    assert beside_pressure(facts(evictions=lost(96, 4))) == []


def test_what_is_worth_no_name_is_in_the_fact_all_the_same() -> None:
    shares: dict[Taker, float] = {"proactive": 0.04, "drop-caches": 0.0, "invalidate": 0.0}
    assert {c.taker: c.share for c in facts(evictions=lost(96, 4)).value("evictions.besides").causes} == shares


def read(reads: int) -> list[tuple[int, str, int, int, int, int, int]]:
    return [(0, "missed", reads, 10**10, 0, reads, reads)]


def blamed(reads: tuple[int, int], total_ns: tuple[int, int]) -> Blame:
    """Return the reads that waited for what the batch job's reclaim, and what DAMON had taken."""
    waits = BlamedReads(
        window=[0, 1],
        evictor=[BATCH, 1],
        cause=["memcg-reclaim", "proactive"],
        reads=list(reads),
        total_ns=list(total_ns),
    )
    return Blame(reads=waits, age_ns=Bins(), distance_pages=Bins(), distinct_refaulted_pages=0, examples=[])


def test_few_pages_that_reads_waited_long_for_are_named_with_the_wait() -> None:
    blame, totals = blamed((98, 2), (10**9, 10**9)), read(100_000)
    (named,) = beside_pressure(facts(evictions=lost(98, 2), blame=blame, totals=totals))
    assert named.waits == Waits(reads=2, seconds=1, share_of_reads=0.00002)
    assert (named.share, named.waited_share) == (0.02, 0.5)


@pytest.mark.parametrize(("waited", "of_all", "named"), [(20, 10_000, True), (19, 9_000, False), (20, 10_100, False)])
def test_what_is_left_when_the_rest_has_ended_is_named_where_that_alone_is_trouble(
    waited: int, of_all: int, named: bool
) -> None:
    blame, totals = blamed((9_000, waited), (10**9, 10**6)), read(of_all)
    assert bool(beside_pressure(facts(evictions=lost(999, 1), blame=blame, totals=totals))) == named


@pytest.mark.parametrize(
    ("thresholds", "named"),
    [
        ({"slow_share": 0.002, "min_slow_reads": 20}, True),
        ({"slow_share": 0.0021, "min_slow_reads": 20}, False),
        ({"slow_share": 0.002, "min_slow_reads": 21}, False),
        ({"slow_share": 0.002}, True),
        ({"min_slow_reads": 20}, False),
        ({}, False),
    ],
)
def test_what_is_trouble_the_rule_decides(thresholds: dict[str, float], named: bool) -> None:
    blame, totals = blamed((9_000, 20), (10**9, 10**6)), read(10_000)
    found = facts(evictions=lost(999, 1), blame=blame, totals=totals)
    assert bool(beside_pressure(found, thresholds)) == named


@pytest.mark.parametrize(
    ("finding", "named"),
    [
        ("evictions.pressure_share", ["proactive"]),
        ("evictions.proactive_share", ["pressure"]),
        ("evictions.given_away_share", ["pressure", "proactive"]),
        ("delays.other_share", []),
        (None, []),
    ],
)
def test_what_a_finding_is_about_is_not_named_beside_it(finding: str | None, named: list[str]) -> None:
    assert [c.taker for c in other_causes(facts(evictions=lost(60, 40)), finding, THRESHOLDS)] == named


def test_whose_reclaim_it_was_is_known_beside_a_finding_about_something_else() -> None:
    (pressure,) = other_causes(facts(evictions=lost(10, 90)), "evictions.proactive_share", THRESHOLDS)
    assert (pressure.share, pressure.by_self_share, pressure.proactive) == (0.1, 0, None)
    (proactive,) = other_causes(facts(evictions=lost(10, 90)), "evictions.pressure_share", THRESHOLDS)
    assert (proactive.by_self_share, proactive.proactive) == (None, ProactiveReclaim("not-measured"))


def test_the_reads_that_waited_for_dropped_pages_are_counted() -> None:
    waits = BlamedReads(window=[0], evictor=[BATCH], cause=["drop-caches"], reads=[500], total_ns=[2 * 10**9])
    blame = blamed((0, 0), (0, 0)).model_copy(update={"reads": waits})
    found = facts(evictions=lost(1, 0), blame=blame, totals=read(10_000))
    assert found.value("blame.given_away_waits") == Waits(reads=500, seconds=2, share_of_reads=0.05)


@pytest.mark.parametrize(
    ("counter", "who"),
    [
        (None, ProactiveReclaim("not-measured")),
        (0, ProactiveReclaim("damon", 100, 0)),
        (4, ProactiveReclaim("damon", 100, 4)),
        (5, ProactiveReclaim("both", 100, 5)),
        (94, ProactiveReclaim("both", 100, 94)),
        (95, ProactiveReclaim("writes", 100, 95)),
        (100, ProactiveReclaim("writes", 100, 100)),
    ],
)
def test_who_reclaims_proactively_the_kernels_counter_tells(counter: int | None, who: ProactiveReclaim) -> None:
    host = {"vmstat.pgsteal_proactive": [None if counter is None else 0, None, counter]}
    assert facts(evictions=lost(0, 100), host=host).value("evictions.proactive_by") == who


def test_when_pages_were_dropped_the_windows_tell() -> None:
    dropped = facts(evictions=[(1, BATCH, SVC, "drop-caches", 60)])
    assert dropped.value("evictions.given_away_when") == WhenDropped(first_seconds=1, windows=1, of_windows=2)
    assert facts(evictions=lost(9, 0)).value("evictions.given_away_when") == WhenDropped(None, 0, 2)
