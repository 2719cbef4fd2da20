"""Series out of tables: sums are kept, what is missing stays missing, and nobody else's pages are the service's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.analysis.windows import CAUSES, KINDS, Windows
from diagnose.capture.model import Capture, ProbeRecord
from diagnose.cgroups.paths import is_within
from diagnose.histogram import BINS
from tests.helpers.small_capture import SVC, Row, small_capture, small_windows

COUNT = 6
WORKER, BATCH, SIBLING, VANISHED = 12, 20, 21, 99
CGROUPS = {1: "/", 10: "/dg", SVC: "/dg/svc", WORKER: "/dg/svc/worker", BATCH: "/dg/batch", SIBLING: "/dg/svc2"}

windows_of = st.integers(0, COUNT - 1)
numbers = st.integers(0, 10**9)
actors = st.sampled_from([*CGROUPS, VANISHED, 2**64 - 1])
reads = st.lists(st.tuples(windows_of, st.sampled_from(KINDS), st.integers(0, BINS - 1), numbers), max_size=40)
totals = st.lists(
    st.tuples(windows_of, st.sampled_from(KINDS), numbers, numbers, numbers, numbers, numbers), max_size=30
)
cache = st.lists(st.tuples(windows_of, actors, numbers, numbers, numbers, numbers), max_size=40)
evictions = st.lists(st.tuples(windows_of, actors, actors, st.sampled_from(CAUSES), numbers), max_size=40)
kinds = st.lists(st.sampled_from(KINDS), unique=True)


def of(**tables: object) -> Windows:
    return small_windows(cgroups=CGROUPS, windows=COUNT, **tables)


def without(capture: Capture, probe: str) -> Windows:
    """Return the capture as if this probe had not attached."""
    probes = [ProbeRecord(probe=p.probe, attached=p.probe != probe) for p in capture.probes]
    return Windows(capture.model_copy(update={"probes": probes}))


@pytest.mark.parametrize(
    ("path", "top", "inside"),
    [
        ("/a", "/a", True),
        ("/a/b", "/a", True),
        ("/ab", "/a", False),
        ("/a", "/a/b", False),
        ("/a", "/", True),
        ("/", "/", True),
        ("/", "/a", False),
    ],
)
def test_is_within_goes_by_whole_names(path: str, top: str, inside: bool) -> None:
    assert is_within(path, top) is inside


@given(reads, kinds)
def test_a_histogram_keeps_every_read_of_its_kinds(rows: list[Row], wanted: list[str]) -> None:
    histogram = of(reads=rows).read_histogram(wanted)  # type: ignore[arg-type]
    assert histogram.shape == (BINS,)
    assert histogram.sum() == sum(count for _, kind, _, count in rows if kind in wanted)


@given(reads, st.integers(0, BINS))
def test_reads_from_a_bin_on_are_counted_in_their_windows(rows: list[Row], first: int) -> None:
    series = of(reads=rows).reads_from_bin(first, KINDS)
    assert series.tolist() == [sum(n for w, _, b, n in rows if w == i and b >= first) for i in range(COUNT)]


@given(totals, kinds)
@pytest.mark.parametrize(("column", "place"), [("count", 2), ("total_ns", 3), ("total_bytes", 4), ("missed_pages", 6)])
def test_read_totals_add_up_to_the_table(column: str, place: int, rows: list[Row], wanted: list[str]) -> None:
    series = of(totals=rows).read_total(column, wanted)  # type: ignore[arg-type]
    assert series.shape == (COUNT,)
    assert series.sum() == sum(row[place] for row in rows if row[1] in wanted)


@given(cache)
@pytest.mark.parametrize(("column", "place"), [("looked_up", 2), ("missed", 3), ("inserted", 4), ("dirtied", 5)])
def test_cache_series_add_up_to_the_table(column: str, place: int, rows: list[Row]) -> None:
    windows = of(cache=rows)
    everybody = windows.cache(column)
    own = windows.cache(column, windows.service_ids)
    assert everybody is not None
    assert own is not None
    assert everybody.tolist() == [sum(r[place] for r in rows if r[0] == i) for i in range(COUNT)]
    assert own.sum() == sum(r[place] for r in rows if r[1] in (SVC, WORKER))


@given(evictions, st.lists(st.sampled_from(CAUSES), unique=True))
def test_evictions_add_up_to_the_table(rows: list[Row], causes: list[str]) -> None:
    windows = of(evictions=rows)
    of_service = windows.evictions(causes, windows.service_ids)  # type: ignore[arg-type]
    by_batch = windows.evictions(CAUSES, evictors=[BATCH])
    assert of_service is not None
    assert by_batch is not None
    assert of_service.sum() == sum(r[4] for r in rows if r[2] in (SVC, WORKER) and r[3] in causes)
    assert by_batch.sum() == sum(r[4] for r in rows if r[1] == BATCH)


@given(evictions)
def test_causes_divide_the_evictions_without_rest(rows: list[Row]) -> None:
    windows = of(evictions=rows)
    parts = [windows.evictions([cause]) for cause in CAUSES]
    assert sum(part.sum() for part in parts if part is not None) == sum(r[4] for r in rows)


def test_the_service_is_its_whole_subtree_and_no_namesake() -> None:
    assert of().service_ids == {SVC, WORKER}


def test_the_service_counts_as_such_even_when_its_name_was_not_learnt() -> None:
    assert small_windows(cgroups={1: "/"}).service_ids == {SVC}


def test_a_probe_that_did_not_attach_gives_none_and_not_zeros() -> None:
    capture = small_capture(cache=[(0, SVC, 1, 1, 1, 1)], evictions=[(0, SVC, SVC, "kswapd", 1)])
    assert without(capture, "page-cache").cache("inserted") is None
    assert without(capture, "evictions").evictions(CAUSES) is None


def test_a_column_that_was_not_measured_gives_none() -> None:
    capture = small_capture(cache=[(0, SVC, 1, 1, 1, 1)])
    lacking = capture.model_copy(update={"cache": capture.cache.model_copy(update={"missed": None})})
    assert Windows(lacking).cache("missed") is None
    assert Windows(lacking).cache("inserted") is not None


def test_readings_keep_their_gaps() -> None:
    windows = small_windows(samples={(SVC, "file_bytes"): [1, 10, None, 30, None]})
    gauge = windows.gauge(SVC, "file_bytes")
    assert gauge is not None
    assert np.array_equal(gauge, [10, np.nan, 30, np.nan], equal_nan=True)
    assert windows.peak(SVC, "file_bytes") == 30


def test_the_reading_before_the_first_window_counts_for_the_peak_alone() -> None:
    windows = small_windows(samples={(SVC, "file_bytes"): [99, 10, 20, 30, 5]})
    assert windows.peak(SVC, "file_bytes") == 99
    assert np.nanmax(windows.gauge(SVC, "file_bytes")) == 30


def test_nothing_was_read_of_a_cgroup_or_key_that_is_not_there() -> None:
    windows = small_windows(samples={(SVC, "file_bytes"): [1, 2, 3, 4, 5], (10, "file_bytes"): [None] * 5})
    for missing in ((SVC, "anon_bytes"), (BATCH, "file_bytes"), (10, "file_bytes")):
        assert windows.gauge(*missing) is None
        assert windows.peak(*missing) is None
        assert windows.increase(*missing) is None


@pytest.mark.parametrize(
    ("readings", "increases"),
    [
        ([0, 5, 5, 9, 9], [5, 0, 4, 0]),
        ([0, None, 5, None, 9], [np.nan, 5, np.nan, 4]),
        ([None, 4, 5, None, None], [np.nan, 1, np.nan, np.nan]),
        ([9, 2, 3, 3, 3], [np.nan, 1, 0, 0]),  # recreated: what happened before the reset is not known
    ],
)
def test_a_counter_rises_between_two_readings(readings: list[int | None], increases: list[float]) -> None:
    windows = small_windows(samples={(SVC, "limit_hits"): readings}, host={"vmstat.pswpin": readings})
    assert np.array_equal(windows.increase(SVC, "limit_hits"), increases, equal_nan=True)
    assert np.array_equal(windows.host_increase("vmstat.pswpin"), increases, equal_nan=True)


@given(st.lists(st.integers(0, 10**6), min_size=COUNT + 1, max_size=COUNT + 1))
def test_the_increases_of_a_counter_add_up_to_its_growth(steps: list[int]) -> None:
    readings: list[int | None] = np.cumsum(steps).tolist()
    increase = of(samples={(SVC, "limit_hits"): readings}).increase(SVC, "limit_hits")
    assert increase is not None
    assert increase.sum() == sum(steps[1:])


def test_one_reading_is_no_increase() -> None:
    assert small_windows(samples={(SVC, "limit_hits"): [5]}).increase(SVC, "limit_hits") is None
    assert small_windows(host={"vmstat.pswpin": [5]}).host_increase("vmstat.pswpin") is None
    assert small_windows().host_increase("vmstat.pswpin") is None


def test_a_capture_without_rows_has_series_of_zeros() -> None:
    windows = small_windows(windows=3)
    assert windows.read_total("count").tolist() == [0, 0, 0]
    assert windows.read_histogram().sum() == 0
    assert windows.cache("inserted").tolist() == [0, 0, 0]  # type: ignore[union-attr]


def test_a_cgroup_made_anew_goes_on_under_its_name() -> None:
    names = {1: "/", 11: "/dg/svc", 20: "/dg/batch", 21: "/dg/batch"}
    samples: dict[tuple[int, str], list[int | None]] = {
        (20, "file_bytes"): [5, 6, 7, None, None],
        (21, "file_bytes"): [None, None, None, 1, 2],
    }
    windows = Windows(small_capture(cgroups=names, samples=samples))
    found = windows.gauge_of("/dg/batch", "file_bytes")
    assert found is not None
    assert found.tolist() == [6, 7, 1, 2]
    assert windows.gauge_of("/dg/nobody", "file_bytes") is None
