"""Facts about evictions, neighbours and limits, from captures small enough to count on one's fingers."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.neighbour import EvictedByNeighbour
from diagnose.analysis.windows import Windows
from diagnose.capture.tables import Bins, Blame, BlamedReads
from tests.helpers.small_capture import MIB, SVC, small_capture

BATCH = 20
PATHS = {1: "/", 10: "/dg", SVC: "/dg/svc", 12: "/dg/svc/worker", BATCH: "/dg/batch"}
FACTS = Facts(
    Windows(
        small_capture(
            cgroups=PATHS,
            windows=2,
            evictions=[
                (0, BATCH, SVC, "memcg-reclaim", 500),
                (1, BATCH, 12, "direct-reclaim", 100),
                (1, SVC, SVC, "memcg-reclaim", 100),
                (0, 1, SVC, "kswapd", 200),
                (0, 1, SVC, "proactive", 50),
                (0, 1, SVC, "drop-caches", 50),
                (0, SVC, SVC, "truncate", 9999),
                (0, BATCH, BATCH, "memcg-reclaim", 7777),
            ],
            cache=[(0, BATCH, 0, 0, 3000, 0), (0, SVC, 0, 0, 1000, 0)],
            samples={
                (SVC, "usage_bytes"): [10 * MIB, 20 * MIB, 15 * MIB],
                (SVC, "limit_hits"): [5, 7, 10],
                (SVC, "high_hits"): [0, None, 4],
                (SVC, "refault_file_pages"): [100, 150, 130],
            },
            settings={SVC: {"memory.max": 40 * MIB}},
        )
    )
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("evictions.of_service", 1000),
        ("evictions.proactive_share", 0.05),
        ("evictions.dropped_share", 0.05),
        ("evictions.kswapd_share", 0.2),
        ("evictions.by_neighbours_share", (600 + 200 * 3 / 4) / 1000),
        ("evictions.by_self_share", (100 + 200 / 4) / 1000),
        ("cache.refaults", 50),
        ("limit.bytes", 40 * MIB),
        ("limit.peak_usage_ratio", 0.5),
        ("limit.hits", 5 + 4),
    ],
)
def test_numbers_of_the_service(name: str, value: float) -> None:
    assert FACTS.number(name) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("neighbour.evicted_of_service", 750),
        ("neighbour.eviction_share", 0.75),
        ("neighbour.apportioned_share", 0.2),
        ("neighbour.seen_evicting", 600),
        ("neighbour.seen_evicting_share", 0.6),
        ("neighbour.inserted", 3000),
        ("neighbour.inserted_share", 0.75),
        ("neighbour.inserted_share_of_others", 1.0),
    ],
)
def test_numbers_of_the_neighbour(name: str, value: float) -> None:
    assert FACTS.number(name, "/dg/batch") == pytest.approx(value)


def test_what_is_attributed_to_a_neighbour_without_having_been_seen_is_an_estimate() -> None:
    assert FACTS.value("neighbour.evicted_told", "/dg/batch") == EvictedByNeighbour(pages=750, estimated_pages=150)
    assert FACTS.value("evictions.besides").kswapd_share == 0.2


def test_of_what_was_seen_nothing_is_an_estimate() -> None:
    evictions = [(0, BATCH, SVC, "direct-reclaim", 900), (0, SVC, SVC, "memcg-reclaim", 100)]
    facts = Facts(Windows(small_capture(cgroups=PATHS, evictions=evictions)))
    assert facts.value("neighbour.evicted_told", "/dg/batch") == EvictedByNeighbour(pages=900, estimated_pages=0)
    assert facts.value("evictions.besides").kswapd_share == 0


def test_whose_pages_the_reads_waited_for_is_not_seen_of_those_that_kswapd_removed() -> None:
    rows = {"window": [0, 0], "evictor": [BATCH, 1], "cause": ["direct-reclaim", "kswapd"], "reads": [30, 60]}
    found = Blame(
        reads=BlamedReads(**rows, total_ns=[1, 1]),
        age_ns=Bins(),
        distance_pages=Bins(),
        distinct_refaulted_pages=0,
        examples=[],
    )
    capture = small_capture(
        cgroups=PATHS,
        totals=[(0, "missed", 100, 100, 100, 100, 100)],
        cache=[(0, BATCH, 0, 0, 1000, 0)],
        evictions=[(0, BATCH, SVC, "direct-reclaim", 300), (0, 1, SVC, "kswapd", 600)],
        blame=found,
    )
    assert Facts(Windows(capture)).number("neighbour.blamed_share", "/dg/batch") == 0.3


def test_the_batch_job_is_the_only_neighbour() -> None:
    assert list(FACTS.neighbours) == ["/dg/batch"]


def test_without_a_limit_there_is_no_ratio_to_it() -> None:
    facts = Facts(Windows(small_capture(settings={SVC: {"memory.max": None}})))
    assert facts.number("limit.bytes") is None
    assert facts.number("limit.peak_usage_ratio") is None
