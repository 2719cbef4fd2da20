"""What a change is expected to bring: reads before and after, what stays slow, and what it takes beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.recommend.effects import Effect, OtherLimitFelt, PassedOver, Predicted, RaisedOwn, StaysCached
from diagnose.recommend.prediction import Latency, Prediction
from diagnose.report.wording.limits_effects import effect
from diagnose.report.wording.writer import Names

LATENCY = Latency(
    slow_before=1000,
    slow_after=200,
    p99_before_seconds=0.01,
    p99_after_seconds=0.001,
    slow_hits=0,
    slow_missed_after=200,
)
FOUND = Prediction(
    reads=10_000, missed_before=1000, missed_after=200, hit_ratio_before=0.9, hit_ratio_after=0.98, latency=LATENCY
)
TOLD = (
    "nder the same load, slow reads go from 1,000 to about 200, missed ones from 1,000 to about 200, the hit ratio "
    "from 90 % to 98 %, the 99th percentile of reads from 10 ms to about 1 ms."
)


def written(value: Effect) -> str:
    return effect(value, Names({}).writer())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Predicted(FOUND, None), f"U{TOLD}"),
        (Predicted(FOUND, None, ("/a", "/b")), f"With /a and /b contained too: u{TOLD}"),
        (Predicted(FOUND, None, with_more_room=True), f"With more room and the limit together: u{TOLD}"),
        (StaysCached("/b", 9000), "The 9,000 pages that /b evicted of the service stay cached."),
        (
            StaysCached("/b", 9000, ("/a",)),
            "With /a contained too: the 9,000 pages that /b evicted of the service stay cached.",
        ),
        (RaisedOwn(FOUND, None, swaps=False), f"U{TOLD}"),
        (RaisedOwn(None, None, swaps=False), "Its own reclaim ends."),
        (
            RaisedOwn(None, None, swaps=True),
            "Its own reclaim ends. That counts the pages of files alone. What lay in swap fits then, so that reads "
            "that waited for it should end, too; whether that cures it, a measurement after the change tells.",
        ),
        (PassedOver("/svc", 1 << 20), "up to 1 MiB of /svc are passed over by reclaim."),
        (OtherLimitFelt("memory.high"), "none by itself: memory.high stays the limit that is felt."),
    ],
)
def test_effects(value: Effect, text: str) -> None:
    assert written(value) == text


def test_a_share_that_stays_slow_and_is_still_a_trouble_is_told() -> None:
    assert "may not end it" not in written(Predicted(FOUND, 0.3))
    assert written(Predicted(FOUND, 0.02)).endswith(
        "That leaves about 2 % of the reads slow, and only below 2 % are they sure to be no trouble: this change alone "
        "may not end it; what is left is to be measured after it."
    )


def test_what_stays_slow_is_told_apart() -> None:
    mixed = replace(LATENCY, slow_after=1289, slow_hits=1000)
    text = written(Predicted(replace(FOUND, latency=mixed), None))
    assert "about 200 miss; about 1,089 find their pages in the cache" in text
    assert "slow as often as hits are now (1,000 of them)" in text
    assert "in the cache" not in written(Predicted(FOUND, None))


def test_slow_hits_of_a_service_that_swaps_may_have_waited_for_swap() -> None:
    mixed = replace(FOUND, latency=replace(LATENCY, slow_hits=50))
    assert (
        ": 50 of the slow reads found their pages in the cache and waited for something else. If that was swap for all "
        "of them, about 200 reads stay slow, 2 %; whether that cures it"
    ) in written(RaisedOwn(mixed, None, swaps=True))


def test_where_nothing_was_a_hit_no_latency_is_told() -> None:
    text = written(Predicted(replace(FOUND, latency=None), 0.0))
    assert text == (
        "Under the same load, missed reads go from 1,000 to about 200, the hit ratio from 90 % to 98 %. How long a "
        "read that becomes a hit will take is not known: none was a hit in this capture."
    )


def test_waits_that_go_on_are_told_while_any_read_misses() -> None:
    going_on = replace(FOUND, proactive_reads=100, others_reads=600)
    text = written(Predicted(going_on, None))
    assert "that proactive reclaim took (100 missed reads in this capture)" in text
    assert "which it leaves alone is not known; 600 missed reads in this capture are counted as going on" in text
    assert "proactive" not in written(Predicted(replace(going_on, missed_after=0), None))
