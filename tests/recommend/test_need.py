"""What the service needs: the least of the upper bounds, and how much of the missing it avoids."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.analysis.windows import Windows
from diagnose.capture.tables import Bins, Blame, BlamedReads
from diagnose.histogram import bin_of
from diagnose.recommend.need import CacheWanted, CameBack, Need, SwappedBack, UsedAtPeak, need
from diagnose.recommend.read_in_all import ReadInAll
from tests.helpers.small_capture import MIB, SVC, small_windows

PAGES_A_MIB = 256
READ_OFTEN = [(0, "hit", 10_000, 10**6, 10**9, 400 * PAGES_A_MIB, 0)]
"""400 MiB looked up: what is read in these tests is read several times."""


def blame(refaults: int = 1000, distance: int = 100, **changes: Any) -> Blame:
    """Return `refaults` different pages that came back when `distance` others had gone."""
    fields: dict[str, Any] = {
        "reads": BlamedReads(window=[0], evictor=[20], cause=["memcg-reclaim"], reads=[refaults], total_ns=[10**6]),
        "age_ns": Bins(bin=[bin_of(10**6)], count=[refaults]),
        "distance_pages": Bins(bin=[bin_of(distance)], count=[refaults]),
        "distinct_refaulted_pages": refaults,
        "examples": [],
    }
    return Blame(**{**fields, **changes})


def service(
    found: Blame | None,
    refaults: int = 1000,
    counters: dict[str, int] | None = None,
    gauges: dict[str, int] | None = None,
    **changes: Any,
) -> Windows:
    """Return a service with 100 MiB of cache, 90 MiB of it at its lowest, and 5 MiB of other memory.

    `counters` rise from 0 in the last window; `gauges` stay.
    """
    samples: dict[tuple[int, str], list[int | None]] = {
        (SVC, "usage_bytes"): [105 * MIB, 95 * MIB, 105 * MIB],
        (SVC, "file_bytes"): [100 * MIB, 90 * MIB, 100 * MIB],
        (SVC, "mapped_file_bytes"): [MIB, MIB, MIB],
        (SVC, "refault_file_pages"): [0, 0, refaults],
        **{(SVC, key): [0, 0, rise] for key, rise in (counters or {}).items()},
        **{(SVC, key): [value] * 3 for key, value in (gauges or {}).items()},
    }
    return small_windows(windows=2, samples=samples, blame=found, **changes)


def cache_wanted(wanted: Need | None) -> CacheWanted:
    assert wanted is not None
    assert isinstance(wanted.basis, CacheWanted)
    return wanted.basis


def came_back(wanted: Need | None) -> CameBack:
    cache = cache_wanted(wanted).cache
    assert isinstance(cache, CameBack)
    return cache


def read_in_all(wanted: Need | None) -> ReadInAll:
    cache = cache_wanted(wanted).cache
    assert isinstance(cache, ReadInAll)
    return cache


def test_without_refaults_it_needs_what_it_used() -> None:
    wanted = need(service(blame(refaults=0), refaults=0))
    assert wanted is not None
    assert (wanted.bytes, wanted.avoided) == (105 * MIB, 1.0)
    assert wanted.lines == (UsedAtPeak("/dg/svc", 105 * MIB, at_least=False),)


def test_where_nobody_saw_what_came_back_what_it_used_is_the_least_that_it_needs() -> None:
    wanted = need(service(None, refaults=5000))
    assert wanted is not None
    assert wanted.lines == (UsedAtPeak("/dg/svc", 105 * MIB, at_least=True),)
    assert wanted.least


def test_a_cache_read_a_moment_before_the_usage_makes_no_memory_of_less_than_nothing() -> None:
    """The two files are read one after the other, and memory.stat lags behind: the cache may seem to be more."""
    samples: dict[tuple[int, str], list[int | None]] = {
        (SVC, "usage_bytes"): [90 * MIB] * 3,
        (SVC, "file_bytes"): [100 * MIB] * 3,
        (SVC, "refault_file_pages"): [0, 0, 1000],
    }
    wanted = need(small_windows(windows=2, samples=samples, blame=blame()))
    assert wanted is not None
    assert wanted.bytes >= 100 * MIB
    assert cache_wanted(wanted).other_bytes == 0


def test_the_curve_asks_for_the_distance_of_the_refaults() -> None:
    wanted = need(service(blame(refaults=8000, distance=512), refaults=8000))
    assert wanted is not None
    assert 95 * MIB + 5 * MIB + 2 * MIB <= wanted.bytes <= 95 * MIB + 5 * MIB + 3 * MIB, "median cache, 512 pages, rest"
    assert wanted.avoided >= 0.95


def test_never_more_than_every_page_that_came_back() -> None:
    wanted = need(service(blame(refaults=512, distance=100_000), refaults=512))
    assert wanted is not None
    assert wanted.bytes == 90 * MIB + 2 * MIB + 5 * MIB
    assert wanted.avoided == 1.0


def test_never_more_than_it_reads_and_maps() -> None:
    read = blame(8000, 8000, touched_pages=80 * PAGES_A_MIB, touched_pages_margin=PAGES_A_MIB)
    wanted = need(service(read, refaults=8000, totals=READ_OFTEN))
    assert wanted is not None
    assert wanted.bytes == (80 + 1 + 1 + 5) * MIB
    assert wanted.avoided == 1.0


def test_a_sample_of_unknown_spread_is_taken_for_chance() -> None:
    exact = need(
        service(blame(8000, 8000, touched_pages=80 * PAGES_A_MIB, touched_pages_margin=0), 8000, totals=READ_OFTEN)
    )
    chance = need(service(blame(8000, 8000, touched_pages=80 * PAGES_A_MIB), 8000, totals=READ_OFTEN))
    assert exact is not None
    assert chance is not None
    assert chance.bytes > exact.bytes


@pytest.mark.parametrize(("times", "bounded"), [(1.0, False), (1.9, False), (2.1, True)])
def test_what_was_hardly_read_twice_is_not_all_that_it_wants(times: float, bounded: bool) -> None:
    """A service that goes round its file more slowly than the capture lasts has not shown all of it."""
    pages = 80 * PAGES_A_MIB
    totals = [(0, "missed", 10_000, 10**6, 10**9, round(times * pages), 0)]
    wanted = need(service(blame(8000, 8000, touched_pages=pages, touched_pages_margin=0), 8000, totals=totals))
    assert wanted is not None
    assert (wanted.bytes == (80 + 1 + 5) * MIB) == bounded
    assert cache_wanted(wanted).times_read == (None if bounded else pytest.approx(times, rel=0.01))


def test_no_more_can_have_come_back_than_was_read_however_slowly() -> None:
    """Different pages are tracked up to a number; beyond it one that comes back again counts as another one."""
    pages = 20 * PAGES_A_MIB
    totals = [(0, "missed", 10_000, 10**6, 10**9, round(1.5 * pages), 0)]
    wanted = need(service(blame(8000, 8000, touched_pages=pages, touched_pages_margin=0), 8000, totals=totals))
    assert wanted is not None
    assert wanted.bytes == (90 + 20 + 1 + 5) * MIB, "at its lowest, read, mapped, other memory"
    assert came_back(wanted).read is not None
    assert cache_wanted(wanted).times_read == pytest.approx(1.5)


@pytest.mark.parametrize("pages", [None, 64 * 29])
def test_too_small_a_sample_bounds_nothing(pages: int | None) -> None:
    wanted = need(service(blame(8000, 512, touched_pages=pages, touched_pages_margin=0), 8000))
    assert wanted is not None
    assert wanted.bytes > 100 * MIB


def test_reads_that_the_sample_does_not_see_take_its_bound_away() -> None:
    read = blame(8000, 512, touched_pages=10 * PAGES_A_MIB, touched_pages_margin=0)
    wanted = need(service(read, 8000, totals=[(0, "io_uring", 5, 100, 0, 0, 0)]))
    assert wanted is not None
    assert wanted.bytes > 100 * MIB


@pytest.mark.parametrize(
    ("mapped_mib", "faults", "bounded"),
    [(9, 50, True), (11, 50, False), (11, 0, True), (11, None, False)],
    ids=["maps little", "maps much and waits for it", "maps much that stays", "waits or not: not measured"],
)
def test_what_is_fetched_through_maps_is_in_no_sample(mapped_mib: int, faults: int | None, bounded: bool) -> None:
    samples: dict[tuple[int, str], list[int | None]] = {
        (SVC, "usage_bytes"): [105 * MIB] * 3,
        (SVC, "file_bytes"): [100 * MIB] * 3,
        (SVC, "mapped_file_bytes"): [mapped_mib * MIB] * 3,
        (SVC, "refault_file_pages"): [0, 0, 8000],
    } | ({} if faults is None else {(SVC, "major_faults"): [0, 0, faults]})
    read = blame(8000, 8000, touched_pages=10 * PAGES_A_MIB, touched_pages_margin=0)
    wanted = need(small_windows(windows=2, samples=samples, blame=read, totals=READ_OFTEN))
    assert wanted is not None
    assert (wanted.bytes == (10 + mapped_mib + 5) * MIB) == bounded
    assert bounded or wanted.bytes > 100 * MIB


OFTEN = blame(8000, 8000, touched_pages=80 * PAGES_A_MIB, touched_pages_margin=0)
"""80 MiB read: so much would bound the need, if the sample saw everything."""


@pytest.mark.parametrize(
    ("changes", "counters"),
    [
        ({"lost": {"touched_map_full": 1}}, {}),
        ({"cache": [(0, SVC, 500 * PAGES_A_MIB, 0, 0, 0)]}, {}),
        ({}, {"major_faults": 5000}),
    ],
    ids=["the map of the sample was full", "sendfile", "mmap"],
)
def test_what_the_sample_did_not_see_is_no_bound(changes: dict[str, Any], counters: dict[str, int]) -> None:
    seen = need(service(OFTEN, 8000, totals=READ_OFTEN))
    partly = need(service(OFTEN, 8000, totals=READ_OFTEN, counters=counters, **changes))
    assert seen is not None
    assert partly is not None
    assert seen.bytes == (80 + 1 + 5) * MIB
    assert partly.bytes > 100 * MIB


def test_faults_for_swap_and_of_the_programs_own_text_leave_the_sample_its_bound() -> None:
    few = {"major_faults": 5200, "refault_anon_pages": 5000}
    wanted = need(service(OFTEN, 8000, totals=READ_OFTEN, counters=few))
    assert read_in_all(wanted).read_bytes == 80 * MIB


def test_shared_memory_that_nobody_reads_is_needed_too() -> None:
    """Files of a tmpfs are in the cache of memory.stat, and cannot be given back without swap."""
    wanted = need(service(OFTEN, 8000, totals=READ_OFTEN, gauges={"shmem_bytes": 8 * MIB}))
    assert wanted is not None
    assert wanted.bytes == (80 + 8 + 5) * MIB
    assert read_in_all(wanted) == ReadInAll(80 * MIB, 0, mapped_bytes=MIB, shared_bytes=8 * MIB)
    assert read_in_all(wanted).bytes == 88 * MIB


def test_a_count_of_different_pages_that_may_be_too_high_is_called_so() -> None:
    exact, forgetful = (
        need(service(blame(8000, 8000, remembered_pages=n), 8000, cache=[(0, SVC, 0, 0, 8000, 0)])) for n in (16_000, 9)
    )
    assert [came_back(wanted).at_most for wanted in (exact, forgetful)] == [False, True]
    assert came_back(exact).back_bytes == 8000 * 4096


def swapping(held_mib: int | None, back_pages: int) -> Windows:
    """Return the service of above, of whose memory so much lay in swap at its peak, with so many pages fetched back."""
    held = None if held_mib is None else held_mib * MIB
    samples: dict[tuple[int, str], list[int | None]] = {
        (SVC, "usage_bytes"): [105 * MIB] * 3,
        (SVC, "file_bytes"): [100 * MIB] * 3,
        (SVC, "refault_file_pages"): [0, 0, 0],
        (SVC, "refault_anon_pages"): [0, 0, back_pages],
        (SVC, "swap_bytes"): [0, held, held],
    }
    return small_windows(windows=2, samples=samples, blame=None)


def test_memory_that_is_fetched_back_from_swap_is_needed_too() -> None:
    wanted = need(swapping(held_mib=50, back_pages=100 * PAGES_A_MIB))
    assert wanted is not None
    assert (wanted.bytes, wanted.swapped) == (155 * MIB, 50 * MIB)
    assert wanted.lines[-1] == SwappedBack(100 * MIB, held_bytes=50 * MIB, needed_bytes=155 * MIB)


def test_what_lies_in_swap_and_is_not_missed_is_not_needed() -> None:
    kept = need(swapping(held_mib=50, back_pages=10 * PAGES_A_MIB))
    assert kept is not None
    assert (kept.bytes, kept.swapped) == (115 * MIB, 10 * MIB)
    idle = need(swapping(held_mib=50, back_pages=0))
    assert idle is not None
    assert (idle.bytes, idle.swapped) == (105 * MIB, 0)


def test_where_the_swap_was_not_measured_the_need_is_a_lower_bound() -> None:
    samples: dict[tuple[int, str], list[int | None]] = {
        (SVC, "usage_bytes"): [105 * MIB] * 3,
        (SVC, "file_bytes"): [100 * MIB] * 3,
        (SVC, "refault_file_pages"): [0, 0, 0],
        (SVC, "refault_anon_pages"): [0, 0, 100],
    }
    wanted = need(small_windows(windows=2, samples=samples, blame=None))
    assert wanted is not None
    assert (wanted.bytes, wanted.swapped) == (105 * MIB, None)
    assert wanted.lines[-1] == SwappedBack(100 * 4096, held_bytes=None, needed_bytes=105 * MIB)
