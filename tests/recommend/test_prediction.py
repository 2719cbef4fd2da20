"""What a change is expected to do: reads that no longer wait become hits, the others stay."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.analysis.evictions import FOR_MEMORY, RECLAIM
from diagnose.analysis.facts import Facts
from diagnose.capture.tables import BlamedReads
from diagnose.histogram import bin_of
from diagnose.recommend.prediction import predict, predict_contained, waited_for
from tests.helpers.small_capture import SVC, small_windows
from tests.recommend.test_need import blame

HIT_NS, MISS_NS = 3_000, 1_000_000


def facts(missed: int = 1000, kernel: int | None = None, **changes: Any) -> Facts:
    """Return 9,000 hits and `missed` misses, 600 of them blamed on a neighbour, 100 on DAMON, 100 on the service."""
    waits = BlamedReads(
        window=[0, 0, 0],
        evictor=[20, 1, SVC],
        cause=["memcg-reclaim", "proactive", "memcg-reclaim"],
        reads=[600, 100, 100],
        total_ns=[1, 1, 1],
    )
    return Facts(
        small_windows(
            windows=1,
            reads=changes.pop("reads", [(0, "hit", bin_of(HIT_NS), 9000), (0, "missed", bin_of(MISS_NS), missed)]),
            totals=[(0, "hit", 9000, 1, 1, 9000, 0), (0, "missed", missed, 1, 1, missed, missed)],
            cache=[(0, SVC, 9000 + missed, missed, missed, 0)],
            samples={(SVC, "refault_file_pages"): [0, 800 if kernel is None else kernel]},
            blame=blame(800, reads=waits),
            **changes,
        )
    )


def test_reads_that_waited_for_pressure_are_counted_for_every_evictor() -> None:
    assert waited_for(facts(missed=800), FOR_MEMORY) == 700
    assert waited_for(facts(missed=800), RECLAIM, frozenset({SVC})) == 100


def test_the_service_s_own_reclaim_is_the_same_for_facts_and_predictions() -> None:
    asked = facts(missed=800)
    share, blamed = asked.number("blame.by_self_share"), asked.number("blame.reads")
    assert share is not None
    assert blamed is not None
    assert waited_for(asked, RECLAIM, asked.windows.service_ids) == pytest.approx(share * blamed)


def test_what_went_before_the_capture_went_the_same_ways() -> None:
    assert waited_for(facts(missed=1000, kernel=1000), FOR_MEMORY) == pytest.approx(700 * 1000 / 800)


def test_first_reads_are_not_taken_for_evicted_ones() -> None:
    assert waited_for(facts(missed=5000, kernel=800), FOR_MEMORY) == 700


def test_without_blame_nothing_is_predicted() -> None:
    bare = Facts(small_windows(blame=None))
    assert waited_for(bare, FOR_MEMORY) is None
    assert predict(bare, None, 1.0) is None


def test_avoided_reads_become_hits_and_the_rest_stays() -> None:
    found = predict(facts(), 800.0, 1.0)
    assert found is not None
    assert (found.missed_before, found.missed_after) == (1000, 200)
    assert found.latency is not None
    assert (found.latency.slow_before, found.latency.slow_after) == (1000, 200)
    assert found.hit_ratio_before == pytest.approx(0.9)
    assert found.hit_ratio_after == pytest.approx(0.98)
    assert found.slow_share_after == pytest.approx(0.02)
    assert not found.leaves_trouble(0.3)
    assert found.leaves_trouble(found.slow_share_after)
    assert not found.leaves_trouble(None)


def test_what_stays_slow_is_kept_apart_and_adds_up() -> None:
    slow_hits = [(0, "hit", bin_of(HIT_NS), 8000), (0, "hit", bin_of(MISS_NS), 1000)]
    found = predict(facts(reads=[*slow_hits, (0, "missed", bin_of(MISS_NS), 1000)]), 800.0, 1.0)
    assert found is not None
    assert found.latency is not None
    latency = found.latency
    assert (latency.slow_hits, latency.slow_missed_after, latency.slow_after) == (1000, 200, 1289)
    assert latency.slow_hits_after == 1089
    assert found.proactive_reads == 100
    plain = predict(facts(), 800.0, 1.0)
    assert plain is not None
    assert plain.latency is not None
    assert (plain.latency.slow_hits, plain.latency.slow_hits_after) == (0, 0)


def test_a_smaller_room_avoids_less() -> None:
    found = predict(facts(), 800.0, 0.5)
    assert found is not None
    assert found.missed_after == 600


def test_no_more_is_avoided_than_there_is() -> None:
    found = predict(facts(), 5000.0, 1.0)
    assert found is not None
    assert (found.missed_after, found.hit_ratio_after) == (0, 1.0)


def test_where_nothing_was_a_hit_the_hit_ratio_is_predicted_and_no_latency() -> None:
    found = predict(facts(reads=[(0, "missed", bin_of(MISS_NS), 1000)]), 800.0, 1.0)
    assert found is not None
    assert found.latency is None
    assert (found.missed_before, found.missed_after) == (1000, 200)
    assert found.hit_ratio_after == pytest.approx(0.98)
    assert found.slow_share_after is None
    assert not found.leaves_trouble(0.0)


def test_what_a_neighbour_takes_that_is_not_contained_goes_on() -> None:
    """One of many too small to be worth a limit each; 600 reads waited for what one took, 100 for the service's own."""
    cgroups = {1: "/", 10: "/dg", SVC: "/dg/svc", 20: "/dg/batch", 21: "/dg/other"}
    busy = facts(cgroups=cgroups, evictions=[(0, i, SVC, "memcg-reclaim", 1000) for i in (20, 21)])
    contained, other = (predict_contained(busy, frozenset({path}), 1.0) for path in ("/dg/batch", "/dg/other"))
    assert contained is not None
    assert other is not None
    assert (contained.missed_after, contained.others_reads) == (300, 0)
    assert (other.missed_after, other.others_reads) == (900, 600)
