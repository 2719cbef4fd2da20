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


def test_reads_that_waited_for_pressure_are_counted_whoever_reclaimed() -> None:
    assert waited_for(facts(missed=800), FOR_MEMORY) == 700
    assert waited_for(facts(missed=800), RECLAIM, frozenset({SVC})) == 100


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
    assert "from 1,000 to about 200" in found.sentence(0.3)
    assert "may not end it" not in found.sentence(0.3)
    assert "may not end it" in found.sentence(found.latency.slow_after / found.reads)
    assert "98 %" in found.hit_ratio_line()


def test_what_stays_slow_is_told_apart_and_adds_up() -> None:
    slow_hits = [(0, "hit", bin_of(HIT_NS), 8000), (0, "hit", bin_of(MISS_NS), 1000)]
    found = predict(facts(reads=[*slow_hits, (0, "missed", bin_of(MISS_NS), 1000)]), 800.0, 1.0)
    assert found is not None
    assert found.latency is not None
    latency = found.latency
    assert (latency.slow_hits, latency.slow_missed_after, latency.slow_after) == (1000, 200, 1289)
    told = found.sentence(None)
    assert "about 200 miss; about 1,089 find their pages in the cache" in told
    assert "that proactive reclaim took (100 missed reads in this capture)" in told
    plain = predict(facts(), 800.0, 1.0)
    assert plain is not None
    assert "in the cache" not in plain.sentence(None)


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
    told = found.sentence(0.0)
    assert told.startswith(
        "Under the same load, missed reads go from 1,000 to about 200, the hit ratio from 90 % to 98 %."
    )
    assert "none was a hit" in told
    assert "slow" not in told
    assert "percentile" not in told


def test_what_a_neighbour_takes_that_is_not_contained_goes_on() -> None:
    """One of many too small to be worth a limit each; 600 reads waited for what one took, 100 for the service's own."""
    cgroups = {1: "/", 10: "/dg", SVC: "/dg/svc", 20: "/dg/batch", 21: "/dg/other"}
    busy = facts(cgroups=cgroups, evictions=[(0, i, SVC, "memcg-reclaim", 1000) for i in (20, 21)])
    contained, other = (predict_contained(busy, frozenset({path}), 1.0) for path in ("/dg/batch", "/dg/other"))
    assert contained is not None
    assert other is not None
    assert (contained.missed_after, contained.others_reads) == (300, 0)
    assert (other.missed_after, other.others_reads) == (900, 600)
    assert "which it leaves alone is not known; 600 missed reads in this capture are counted as going on" in (
        other.sentence(None)
    )
    assert "leaves alone" not in contained.sentence(None)
