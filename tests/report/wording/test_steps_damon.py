"""Gentler proactive reclaim in words: the age, why it is a first try, what the change can end, what it costs."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts.pressure import HostRoom
from diagnose.recommend.steps.damon import GentlerModule, GentlerScheme, ProactiveWaits
from diagnose.recommend.steps.reclaim_age import (
    Age,
    CaptureTooShort,
    EvictedBefore,
    MostlyOthers,
    NotKnown,
    ReuseTime,
    TooFewReads,
    longer,
)
from diagnose.recommend.steps.step import LessReclaimed
from diagnose.report.wording.step_text import StepText
from diagnose.report.wording.steps_damon import gentler_module, gentler_scheme
from diagnose.report.wording.writer import Names


def scheme(
    reuse: ReuseTime, gain: ProactiveWaits | None = None, risk: LessReclaimed | None = None, quota: bool = False
) -> StepText:
    step = GentlerScheme(
        kdamond=0,
        context=1,
        scheme=2,
        action="pageout",
        from_intervals=6,
        to_intervals=12,
        interval_seconds=5.0,
        quota_bytes=1 << 20 if quota else None,
        quota_interval_seconds=0.5 if quota else None,
        age=longer(30.0, reuse),
        gain=gain,
        risk=risk,
        commands=(),
    )
    return gentler_scheme(step, Names({}).writer)


def test_a_measured_age_is_no_first_try() -> None:
    text = scheme(28.0)
    assert text.says == (
        "have DAMON (scheme 0/1/2, pageout) take pages only after 12 intervals of 5 s without an access instead of 6, "
        "60 s instead of 30 s."
    )
    assert text.arithmetic == (
        "30 s now, and nine in ten of the reads that waited for a page which proactive reclaim had taken came within "
        "28 s of its eviction: no less than 58 s, in whole intervals of 5 s: 12",
    )


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (TooFewReads(), "too few reads waited"),
        (MostlyOthers(0.5), "only 50 % of the reads that waited for evicted pages"),
        (EvictedBefore(40, 90), "40 of the 90 pages that came back had been evicted before the capture began"),
        (CaptureTooShort(), "the capture is too short to tell"),
    ],
)
def test_where_the_time_to_the_next_use_is_not_known_the_value_is_called_a_first_try(
    reason: NotKnown, why: str
) -> None:
    text = scheme(reason)
    assert "60 s instead of 30 s. This is a first try: which age is enough this capture cannot tell." in text.says
    assert (
        f"twice 30 s is a first try, after which to measure again, and no measured value: {why}" in text.arithmetic[0]
    )


def test_what_the_scheme_may_take_is_told() -> None:
    assert scheme(TooFewReads(), quota=True).arithmetic[0].endswith(": 12; it may take 1 MiB every 500 ms")


def test_the_most_that_the_change_can_end() -> None:
    assert scheme(1.0).gain.startswith("not measured: for whose evictions")
    waits = ProactiveWaits(50.0, 0.05, 1.0)
    assert scheme(1.0, waits).gain == (
        "at most the waits of the 50 reads that missed pages which proactive reclaim had taken during the capture "
        "(50 ms, 100 % of the time that reads waited for evicted pages); how many of them end was not measured."
    )
    assert "(0 s); how many" in scheme(1.0, ProactiveWaits(0.0, 0.0, None)).gain


def test_the_risk_is_told_with_the_memory_that_the_host_had_where_that_was_measured() -> None:
    less = "Less is reclaimed on the whole host, whose memory fills up sooner"
    assert scheme(1.0).risk == ""
    assert scheme(1.0, risk=LessReclaimed(host_room=None)).risk == f"{less}."
    room = HostRoom(available_bytes=1 << 30, memory_bytes=1 << 31)
    assert scheme(1.0, risk=LessReclaimed(host_room=room)).risk == f"{less}; the host had 1 GiB of 2 GiB available."


def test_the_module_has_one_age() -> None:
    age = Age(30.0, 60.0, TooFewReads())
    step = GentlerModule(from_us=30_000_000, to_us=60_000_000, age=age, gain=None, commands=())
    text = gentler_module(step, Names({}).writer)
    assert text.says.startswith(
        "have damon_reclaim take pages only after 60 s without an access instead of 30 s (min_age). This is a first try"
    )
