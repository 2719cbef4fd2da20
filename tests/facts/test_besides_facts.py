"""What else took the service's pages, in words, from captures to count on one's fingers."""

from __future__ import annotations

import pytest
from small_capture import SVC, small_capture

from diagnose.facts import Facts
from diagnose.facts.besides import NOTHING
from diagnose.models import Bins, Blame, BlamedReads
from diagnose.windows import Windows

BATCH = 20
CGROUPS = {1: "/", 10: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch"}


def facts(**changes: object) -> Facts:
    return Facts(Windows(small_capture(**{"cgroups": CGROUPS, "windows": 2, "blame": None, **changes})))


def lost(batch: int, proactive: int) -> list[tuple[int, int, int, str, int]]:
    return [(0, BATCH, SVC, "memcg-reclaim", batch), (1, 1, SVC, "proactive", proactive)]


def test_a_cause_with_a_twentieth_of_the_pages_is_named_and_one_with_less_is_not() -> None:
    assert facts(evictions=lost(95, 5)).text("evictions.besides") == "besides, proactive reclaim removed 5 %"
    assert facts(evictions=lost(96, 4)).text("evictions.besides") == NOTHING


def test_few_pages_that_reads_waited_long_for_are_named_with_the_wait() -> None:
    waits = BlamedReads(
        window=[0, 1], evictor=[BATCH, 1], cause=["memcg-reclaim", "proactive"], reads=[98, 2], total_ns=[10**9, 10**9]
    )
    blame = Blame(reads=waits, age_ns=Bins(), distance_pages=Bins(), distinct_refaulted_pages=0, examples=[])
    said = facts(evictions=lost(98, 2), blame=blame).text("evictions.besides")
    assert said == (
        "besides, proactive reclaim removed 2 % (reads waited 1 s for these pages, 50 % of the time that reads waited "
        "for evicted pages)"
    )


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
