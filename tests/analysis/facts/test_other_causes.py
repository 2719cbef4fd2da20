"""What else took the service's pages, in words, from captures to count on one's fingers."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.other_causes import NOBODY_WAITED, NOTHING, besides
from diagnose.analysis.windows import Windows
from diagnose.capture.tables import Bins, Blame, BlamedReads
from tests.helpers.small_capture import SVC, small_capture

BATCH = 20
CGROUPS = {1: "/", 10: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch"}


def facts(**changes: object) -> Facts:
    return Facts(Windows(small_capture(**{"cgroups": CGROUPS, "windows": 2, "blame": None, **changes})))


def lost(batch: int, proactive: int) -> list[tuple[int, int, int, str, int]]:
    return [(0, BATCH, SVC, "memcg-reclaim", batch), (1, 1, SVC, "proactive", proactive)]


def test_a_cause_with_a_twentieth_of_the_pages_is_named_and_one_with_less_is_not() -> None:
    assert facts(evictions=lost(95, 5)).text("evictions.besides") == "besides, proactive reclaim removed 5 %"
    assert facts(evictions=lost(96, 4)).text("evictions.besides") == NOTHING


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
    said = facts(evictions=lost(98, 2), blame=blame, totals=totals).text("evictions.besides")
    assert said == (
        "besides, proactive reclaim removed 2 % (2 reads of files, 0.002 % of all, waited 1 s for these pages, 50 % of "
        "the time that reads waited for evicted pages)"
    )


@pytest.mark.parametrize(("waited", "of_all", "named"), [(20, 10_000, True), (19, 9_000, False), (20, 10_100, False)])
def test_what_is_left_when_the_rest_has_ended_is_named_where_that_alone_is_trouble(
    waited: int, of_all: int, named: bool
) -> None:
    blame, totals = blamed((9_000, waited), (10**9, 10**6)), read(of_all)
    found = facts(evictions=lost(999, 1), blame=blame, totals=totals)
    assert ("proactive reclaim removed" in (found.text("evictions.besides") or "")) == named
    assert (found.text("evictions.besides") == f"{NOTHING}{NOBODY_WAITED}") != named


@pytest.mark.parametrize(
    ("finding", "named"),
    [
        ("evictions.pressure_share", ["proactive"]),
        ("evictions.proactive_share", ["pressure"]),
        ("evictions.given_away_share", ["pressure", "proactive"]),
        ("delays.other_share", []),
    ],
)
def test_what_a_finding_is_about_is_not_named_beside_it(finding: str, named: list[str]) -> None:
    assert list(besides(facts(evictions=lost(60, 40)), finding)) == named


def test_whose_reclaim_it_was_is_told_beside_a_finding_about_something_else() -> None:
    (said,) = besides(facts(evictions=lost(10, 90)), "evictions.proactive_share").values()
    assert said.who == "reclaim for memory that somebody wanted"
    assert "it removed 10 % of the pages that the service lost" in said.says
    assert said.says.endswith("the service's own reclaim removed 0 %")


def test_the_reads_that_waited_for_dropped_pages_are_counted() -> None:
    waits = BlamedReads(window=[0], evictor=[BATCH], cause=["drop-caches"], reads=[500], total_ns=[2 * 10**9])
    blame = blamed((0, 0), (0, 0)).model_copy(update={"reads": waits})
    said = facts(evictions=lost(1, 0), blame=blame, totals=read(10_000)).text("blame.given_away_waits")
    assert said == "500 reads of files, 5 % of all, waited 2 s"


@pytest.mark.parametrize(
    ("counter", "said"),
    [
        (None, "this capture does not tell which"),
        (
            0,
            "not an agent that writes to memory.reclaim: of 100 pages that it took on the host, 0 went",
        ),
        (50, "both DAMON and an agent"),
        (100, "it is an agent that writes to memory.reclaim: of 100 pages that it took on the host, 100 went"),
    ],
)
def test_who_reclaims_proactively_is_told_by_the_kernels_counter(counter: int | None, said: str) -> None:
    host = {"vmstat.pgsteal_proactive": [None if counter is None else 0, None, counter]}
    told = facts(evictions=lost(0, 100), host=host).text("evictions.proactive_by")
    assert told is not None
    assert said in told


def test_when_pages_were_dropped_is_told_by_the_windows() -> None:
    dropped = facts(evictions=[(1, BATCH, SVC, "drop-caches", 60)])
    assert dropped.text("evictions.given_away_when") == "first 1 s after the beginning, in 1 of 2 windows"
    assert facts(evictions=lost(9, 0)).text("evictions.given_away_when") == "at no time of the capture"
