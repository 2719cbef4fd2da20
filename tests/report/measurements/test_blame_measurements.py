"""The chain as the report tells it, on a capture recorded live from the noisy neighbour."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.miss_ratio_curve import counts_twice, different_pages, evicted_before
from diagnose.analysis.windows import Windows
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.capture.tables import Bins, Blame, BlamedReads
from diagnose.lab import RECORDED
from diagnose.report.formats.text_figures import eviction_ages
from diagnose.report.measurements.build import measure
from tests.helpers.small_capture import SVC, small_windows


@cache
def capture() -> Capture:
    return captures.load(RECORDED / "noisy-neighbour.capture.json.gz")[0]


def measured(name: str, **changes: Any) -> Any:
    found = getattr(measure(capture().model_copy(update=changes), None, []), name)
    assert found is not None
    return found


def test_every_blamed_read_has_an_age_and_somebody_to_blame() -> None:
    found = measured("blame")
    assert sum(found.ages.reads) == found.blamed_reads == sum(row.reads for row in found.by)
    assert 0 < found.time_share <= 1
    assert found.blamed_reads + found.not_evicted_during_capture_reads == found.missed_reads
    assert "reads" in eviction_ages(found.ages)


def test_ages_are_octaves_around_the_median() -> None:
    found = measured("blame")
    ages = found.ages
    assert ages.lower_seconds[0] <= found.age_seconds.p50 <= ages.upper_seconds[-1]
    assert ages.upper_seconds[:-1] == ages.lower_seconds[1:]


@pytest.mark.parametrize(
    ("entered", "before"),
    [(130, 30), (120, 20), (100, 0), (90, 0)],
    ids=["as many as the kernel counts", "fewer: its count is late", "all were seen to go", "fewer than were seen"],
)
def test_what_came_back_beyond_what_was_seen_had_gone_before_as_far_as_it_entered_the_cache(
    entered: int, before: int
) -> None:
    parts: dict[str, Any] = {
        "samples": {(SVC, "refault_file_pages"): [0, 0, 0, 0, 130]},
        "cache": [(0, SVC, 0, 0, entered, 0)],
        "blame": Blame(
            reads=BlamedReads(),
            age_ns=Bins(),
            distance_pages=Bins(bin=[1], count=[100]),
            distinct_refaulted_pages=60,
            examples=[],
        ),
    }
    assert evicted_before(small_windows(**parts)) == before
    assert different_pages(small_windows(**parts)) == 60 + before
    assert evicted_before(small_windows(**parts, lost={"cache_map_full": 1})) == 30, "insertions were lost"


@pytest.mark.parametrize(
    ("entered", "remembered", "twice"),
    [
        (500, 1000, False),
        (501, 1000, True),
        (10_000 - 8 * 128, 10_000, False),
        (10_001 - 8 * 128, 10_000, True),
        (1, None, True),
    ],
)
def test_more_fetched_pages_than_are_kept_in_mind_make_the_different_ones_an_upper_bound(
    entered: int, remembered: int | None, twice: bool
) -> None:
    found = Blame(
        reads=BlamedReads(), age_ns=Bins(), distance_pages=Bins(bin=[1], count=[100]), distinct_refaulted_pages=60,
        remembered_pages=remembered, examples=[],
    )  # fmt: skip
    windows = small_windows(cache=[(0, SVC, 0, 0, entered, 0)], blame=found)
    assert windows.capture.host.cpus == 8
    assert counts_twice(windows) == twice
    told = measure(windows.capture, None, []).blame
    assert told is not None
    assert told.room is not None
    assert told.room.distinct_at_most == twice


def test_without_the_kernels_count_nobody_guesses() -> None:
    samples = capture().cgroup_samples
    values = {key: column for key, column in samples.values.items() if key != "refault_file_pages"}
    found = measured("blame", cgroup_samples=samples.model_copy(update={"values": values}))
    assert found.evicted_before_capture_pages is None
    assert found.cross_check.agreement == "unchecked"


def test_files_carry_their_share_of_the_missed_reads() -> None:
    files = measured("read_latency").files
    assert files
    assert abs(sum(f.missed_share for f in files) - 1) < 1e-5


def test_major_faults_are_counted() -> None:
    samples = capture().cgroup_samples
    service = capture().service.cgroup_id
    rows = [w if c == service else None for w, c in zip(samples.window, samples.cgroup, strict=True)]
    values = samples.values | {"major_faults": [None if w is None else 7 * (w + 1) for w in rows]}
    found = measured("read_latency", cgroup_samples=samples.model_copy(update={"values": values}))
    assert found.major_faults == 7 * capture().windows


def test_pages_that_may_have_been_forgotten_are_not_said_to_have_gone_before_the_capture() -> None:
    blame = capture().blame
    assert blame is not None
    assert measured("blame").may_have_forgotten is False
    assert measured("blame", blame=blame.model_copy(update={"remembered_pages": 100})).may_have_forgotten is True
    few = capture().model_copy(
        update={"blame": blame.model_copy(update={"remembered_pages": 100, "distance_pages": Bins()})}
    )
    assert Facts(Windows(few)).value("cache.came_back").may_forget
