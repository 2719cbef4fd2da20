"""Evictions in words: who took the service's pages beside whom a finding names, when, and how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.analysis.facts.demand import Dropper, Droppers
from diagnose.analysis.facts.neighbour import EvictedByNeighbour
from diagnose.analysis.facts.other_causes import OtherCause, OtherCauses, ProactiveReclaim, Waits, WhenDropped
from diagnose.report.model import Besides
from diagnose.report.wording.facts_evictions import (
    beside_pressure,
    droppers,
    evicted_by_neighbour,
    other_causes_words,
    proactive_reclaim,
    waits_for_dropped,
    when_dropped,
)
from diagnose.report.wording.writer import Names, Writer

NO_WAITS = Waits(0, 0, 0)
PROACTIVE = OtherCause("proactive", 0.05, NO_WAITS, 0.0, proactive=ProactiveReclaim("not-measured"))
WAITED = replace(PROACTIVE, share=0.02, waits=Waits(2, 1, 0.00002), waited_share=0.5)
DROPPED = OtherCause("drop-caches", 0.5, NO_WAITS, 0.0)
THRESHOLDS = {"slow_share": 0.002, "min_slow_reads": 20}


def writer() -> Writer:
    return Names({"/dg/batch": "batch.service"}).writer()


def beside(*causes: OtherCause, waits: bool = True, kswapd: float = 0.0, thresholds: dict[str, float]) -> str:
    return beside_pressure(OtherCauses(causes, waits, kswapd), writer(), thresholds)


def test_what_else_took_pages() -> None:
    assert beside(PROACTIVE, DROPPED, thresholds=THRESHOLDS) == (
        "besides, proactive reclaim removed 5 % and drop_caches removed 50 %"
    )
    assert beside(WAITED, thresholds=THRESHOLDS) == (
        "besides, proactive reclaim removed 2 % (2 reads of files, 0.002 % of all, waited 1 s for these pages, 50 % of "
        "the time that reads waited for evicted pages)"
    )


@pytest.mark.parametrize(
    ("waits", "thresholds", "more"),
    [
        (True, THRESHOLDS, " or made 0.2 % of the reads wait"),
        (True, {"slow_share": 0.01}, " or made 1 % of the reads wait"),
        (True, {}, ""),
        (False, THRESHOLDS, ""),
    ],
    ids=["by the rule", "by another", "a rule without the threshold", "waits not measured"],
)
def test_nothing_else_took_as_many_as_the_rule_calls_trouble(
    waits: bool, thresholds: dict[str, float], more: str
) -> None:
    little = replace(PROACTIVE, share=0.04)
    assert beside(little, waits=waits, thresholds=thresholds) == (
        f"no other cause (proactive reclaim, drop_caches, fadvise) removed as much as 5 %{more}"
    )


def test_for_whom_kswapd_took_pages_is_an_estimate() -> None:
    estimate = "and for whom is an estimate, by who brought in how much; besides, drop_caches removed 50 %"
    assert beside(DROPPED, kswapd=0.2, thresholds={}) == f"kswapd removed 20 %, {estimate}"
    assert beside(DROPPED, kswapd=0.049, thresholds={}) == "besides, drop_caches removed 50 %"


def test_other_causes_beside_a_finding() -> None:
    pressure = OtherCause("pressure", 0.1, Waits(30, 0.5, 0.01), 0.4, by_self_share=0.0)
    assert other_causes_words([PROACTIVE, pressure, replace(DROPPED, taker="invalidate")], writer()) == [
        Besides(
            who="proactive reclaim",
            says="it removed 5 % of the pages that the service lost; it is DAMON, or an agent that writes to "
            "memory.reclaim; this capture does not tell which",
            share=None,
        ),
        Besides(
            who="reclaim for memory that somebody wanted",
            says="it removed 10 % of the pages that the service lost, and 30 reads of files, 1 % of all, waited 500 ms "
            "for these pages; the service's own reclaim removed 0 %",
            share=0.4,
        ),
        Besides(who="fadvise or the like", says="it removed 50 % of the pages that the service lost", share=None),
    ]


@pytest.mark.parametrize(
    ("reclaim", "said"),
    [
        (
            ProactiveReclaim("not-measured"),
            "it is DAMON, or an agent that writes to memory.reclaim; this capture does not tell which",
        ),
        (
            ProactiveReclaim("damon", 100, 0),
            "it is the kernel's DAMON, not an agent that writes to memory.reclaim: of 100 pages that it took on the "
            "host, 0 went by such writes",
        ),
        (
            ProactiveReclaim("both", 100, 50),
            "it is both DAMON and an agent that writes to memory.reclaim: of 100 pages that it took on the host, 50 "
            "went by such writes",
        ),
        (
            ProactiveReclaim("writes", 100, 100),
            "it is an agent that writes to memory.reclaim: of 100 pages that it took on the host, 100 went by such "
            "writes",
        ),
    ],
)
def test_who_reclaims_proactively(reclaim: ProactiveReclaim, said: str) -> None:
    assert proactive_reclaim(reclaim, writer()) == said


def test_the_waits_for_dropped_pages() -> None:
    assert waits_for_dropped(Waits(500, 2, 0.05), writer()) == "500 reads of files, 5 % of all, waited 2 s"
    assert waits_for_dropped(Waits(1, 2, None), writer()) == "1 read of files, unknown of all, waited 2 s"


def test_when_pages_were_dropped() -> None:
    assert when_dropped(WhenDropped(1, 1, 2), writer()) == "first 1 s after the beginning, in 1 of 2 windows"
    assert when_dropped(WhenDropped(None, 0, 2), writer()) == "at no time of the capture"


def test_who_dropped_pages() -> None:
    seen = (Dropper("sh", "/dg/batch", "drop-caches"), Dropper("evil\n|x", None, "invalidate"))
    assert droppers(Droppers(seen), writer()) == (
        "sh in batch.service (/dg/batch) (by drop_caches), evil␤|x in a cgroup that is gone (by fadvise or the like)"
    )
    assert droppers(Droppers(()), writer()) == "a command that was not seen"


def test_what_is_attributed_to_a_neighbour_is_an_estimate() -> None:
    assert evicted_by_neighbour(EvictedByNeighbour(900, 0), writer()) == "900 pages"
    assert evicted_by_neighbour(EvictedByNeighbour(750, 150), writer()) == (
        "750 pages; of those kswapd removed 150 pages, laid to it by its part of the inflow: an estimate"
    )
