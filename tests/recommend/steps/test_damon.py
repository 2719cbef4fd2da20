"""Gentler proactive reclaim: from which age on, out of when its pages were wanted again."""

from __future__ import annotations

import pytest

from diagnose.capture.surroundings import DamonScheme
from diagnose.capture.tables import Bins, Blame, BlamedReads
from diagnose.histogram import bin_of
from diagnose.recommend.steps.damon import FindReclaimer, GentlerModule, GentlerScheme, ProactiveWaits
from diagnose.recommend.steps.reclaim_age import CaptureTooShort, EvictedBefore, MostlyOthers, NotKnown, TooFewReads
from diagnose.recommend.steps.step import LessReclaimed
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import BATCH, captured, steps_for

SCHEME = DamonScheme(kdamond=0, context=1, scheme=2, action="pageout", min_age=6, aggregation_us=5_000_000)


def blamed(seconds: float, reads: int, others: int = 0) -> Blame:
    """Return reads of pages that DAMON, and `others` had taken, each read so long after the eviction of its page."""
    age = Bins(bin=[bin_of(int(seconds * 1e9))], count=[reads + others])
    waits = BlamedReads(
        window=[0, 0], evictor=[1, BATCH], cause=["proactive", "memcg-reclaim"], reads=[reads, others],
        total_ns=[reads * 1_000_000, others * 1_000_000],
    )  # fmt: skip
    pages = Bins(bin=[1], count=[reads + others])
    return Blame(reads=waits, age_ns=age, distance_pages=pages, distinct_refaulted_pages=0, examples=[])


def gentler(scheme: DamonScheme = SCHEME, blame: Blame | None = None, refaults: int = 0) -> GentlerScheme:
    samples = {(SVC, "refault_file_pages"): [0, 0, 0, 0, refaults]}
    cache = [(0, SVC, 0, 0, refaults, 0)]
    (step,) = steps_for("gentler-reclaim", captured(damon=[scheme], blame=blame, samples=samples, cache=cache))
    assert isinstance(step, GentlerScheme)
    return step


def test_damon_waits_as_long_as_the_pages_would_have_needed() -> None:
    step = gentler(blame=blamed(1.5, 50))
    file = "/sys/kernel/mm/damon/admin/kdamonds/0/contexts/1/schemes/2/access_pattern/age/min"
    commit = "echo commit > /sys/kernel/mm/damon/admin/kdamonds/0/state"
    assert (step.commands, step.undo) == ((f"echo 7 > {file}", commit), (f"echo 6 > {file}", commit))
    assert (step.kdamond, step.context, step.scheme, step.action) == (0, 1, 2, "pageout")
    assert (step.from_intervals, step.to_intervals, step.interval_seconds) == (6, 7, 5.0)
    assert not step.age.first_try
    assert step.age.reuse == pytest.approx(1.5, rel=0.125)
    assert step.age.to_seconds == step.age.from_seconds + step.age.reuse
    assert step.gain == ProactiveWaits(50.0, 0.05, 1.0)


@pytest.mark.parametrize("age", range(1, 60))
def test_twice_the_age_is_twice_as_many_intervals_whatever_they_are_in_fractions_of_a_second(age: int) -> None:
    step = gentler(SCHEME.model_copy(update={"min_age": age, "aggregation_us": 100_000}))
    assert step.to_intervals == 2 * age
    assert step.commands[0].startswith(f"echo {2 * age} > ")


@pytest.mark.parametrize(
    ("blame", "refaults", "why"),
    [
        (blamed(1.5, 5), 5, TooFewReads()),
        (blamed(1.5, 50, others=50), 100, MostlyOthers(0.5)),
        (blamed(1.5, 50), 90, EvictedBefore(40, 90)),
        (blamed(3, 50), 50, CaptureTooShort()),
        (None, 0, TooFewReads()),
    ],
)
def test_where_the_time_to_the_next_use_is_not_known_twice_the_age_is_a_first_try(
    blame: Blame | None, refaults: int, why: NotKnown
) -> None:
    step = gentler(blame=blame, refaults=refaults)
    assert step.age.first_try
    assert (step.age.reuse, step.age.from_seconds, step.age.to_seconds, step.to_intervals) == (why, 30.0, 60.0, 12)
    assert (step.gain is None) == (blame is None)


def test_what_a_scheme_may_take_is_told_where_it_was_read() -> None:
    step = gentler(SCHEME.model_copy(update={"quota_bytes": 1 << 20, "quota_interval_ms": 500}))
    assert (step.quota_bytes, step.quota_interval_seconds) == (1 << 20, 0.5)
    step = gentler(SCHEME.model_copy(update={"quota_bytes": 0, "quota_interval_ms": 500}))
    assert (step.quota_bytes, step.quota_interval_seconds) == (None, None)


def test_the_module_has_one_age_in_microseconds() -> None:
    bare = captured()
    host = bare.host.model_copy(update={"settings": {"damon_reclaim.min_age": 30_000_000}})
    (step,) = steps_for("gentler-reclaim", bare.model_copy(update={"host": host}))
    assert isinstance(step, GentlerModule)
    assert (step.from_us, step.to_us) == (30_000_000, 60_000_000)
    module = "/sys/module/damon_reclaim/parameters"
    commit = f"echo Y > {module}/commit_inputs"
    assert step.commands == (f"echo 60000000 > {module}/min_age", commit)
    assert step.undo == (f"echo 30000000 > {module}/min_age", commit)


def test_what_less_reclaim_costs_is_told_with_every_change() -> None:
    assert isinstance(gentler().risk, LessReclaimed)


def test_unknown_reclaim_is_looked_for() -> None:
    (step,) = steps_for("gentler-reclaim", captured())
    assert isinstance(step, FindReclaimer)
    assert not step.undo
    assert step.risk is None
