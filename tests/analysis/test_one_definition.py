"""One number, one definition: what a fact says, the report says, and so does the comparison of `verify`."""

from __future__ import annotations

import math
from typing import Any

import pytest

from diagnose import pipeline, rules
from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.base import Process
from diagnose.capture.model import Capture, ProbeRecord, ServiceRecord
from diagnose.change.figures import figures_of
from diagnose.histogram import BINS, bin_of
from diagnose.report.formats.openmetrics import openmetrics
from diagnose.report.model import Report
from diagnose.report.panels import panels
from tests.helpers.example_report import PROBES
from tests.helpers.small_capture import SVC, small_capture

FAST, SLOW = bin_of(500), bin_of(2_000_000)
READS = [(0, "hit", FAST, 300), (1, "hit", FAST, 300), (1, "missed", SLOW, 100)]
TOTALS = [(0, "hit", 300, 1, 1, 300, 0), (1, "hit", 300, 1, 1, 300, 0), (1, "missed", 100, 1, 1, 100, 60)]
TRACED = [(0, SVC, 300, 0, 0, 0), (1, SVC, 400, 60, 60, 0)]


def reading(**changes: Any) -> Capture:
    """Return a capture whose counters agree: of 700 pages looked up 60 missed."""
    service = ServiceRecord(name="svc", cgroup="/dg/svc", cgroup_id=SVC, processes=[Process(pid=4242, comm="svc")])
    parts: dict[str, Any] = {"reads": READS, "totals": TOTALS, "cache": TRACED, "service": "/dg/svc", **changes}
    return small_capture(**parts).model_copy(update={"service": service})


def without(probe: str, **changes: Any) -> list[ProbeRecord]:
    """Return the records of the probes, one of them changed."""
    return [
        ProbeRecord(probe=p, **(changes if p == probe else {"attached": True}))  # type: ignore[arg-type]
        for p in PROBES
    ]


def report(capture: Capture) -> Report:
    return pipeline.analyse(capture, rules.load_rules())


HIT_RATIOS = {
    "the counters agree": (reading(), 1 - 60 / 700),
    "the tracepoint saw far fewer look-ups than the reads": (reading(cache=[(0, SVC, 300, 0, 0, 0)]), None),
    "more missed than were looked up": (reading(totals=[(0, "missed", 100, 1, 1, 50, 60)]), None),
    "reads missed, and no page": (reading(totals=[*TOTALS[:2], (1, "missed", 100, 1, 1, 100, 0)]), None),
    "nothing was looked up": (reading(reads=[], totals=[]), None),
    "hits and misses look alike": (reading(probes=without("page-cache", attached=False, reason="x")), None),
    "the missed pages are lacking": (
        reading(probes=without("reads", attached=True, missing=["read_totals.missed_pages"])),
        None,
    ),
    "reads were not measured": (
        reading(reads=[], totals=[], probes=without("reads", attached=False, reason="x")),
        None,
    ),
}


@pytest.mark.parametrize("name", HIT_RATIOS)
def test_fact_report_charts_and_verify_give_the_same_hit_ratio_or_none(name: str) -> None:
    capture, expected = HIT_RATIOS[name]
    told = report(capture)
    service = told.measurements.page_cache and told.measurements.page_cache.service
    side = figures_of(told, [])
    drawn = next((panel.values for panel in panels(told) if panel.title.startswith("hit ratio")), [])
    given = [
        Facts(Windows(capture)).number("cache.hit_ratio"),
        service and service.hit_ratio,
        side and side.hit_ratio,
    ]
    assert given == [None if expected is None else pytest.approx(expected, rel=1e-5)] * 3
    assert ("diagnose_page_cache_hit_ratio{" in openmetrics(told)) == (expected is not None)
    assert any(v is not None for v in drawn) == (expected is not None)


def test_a_window_in_which_more_missed_than_was_looked_up_has_no_ratio_of_its_own() -> None:
    capture = reading(totals=[(0, "hit", 300, 1, 1, 300, 0), (1, "missed", 100, 1, 1, 50, 60)])
    by_window = Facts(Windows(capture)).series("cache.hit_ratio_by_window")
    service: Any = report(capture).measurements.page_cache.service
    assert by_window is not None
    assert [None if math.isnan(v) else v for v in by_window.tolist()] == service.series.hit_ratio


@pytest.mark.parametrize("bins", [(FAST, SLOW), (FAST, BINS + 5)], ids=["of known bins", "past the last bin"])
def test_fact_and_report_call_the_same_reads_slow(bins: tuple[int, int]) -> None:
    capture = reading(reads=[(0, "hit", bins[0], 600), (1, "missed", bins[1], 100)])
    facts, numbers = Facts(Windows(capture)), report(capture).measurements
    reads: Any = numbers.read_latency
    assert facts.number("reads.slow_threshold") == pytest.approx(reads.slow_threshold_seconds, rel=1e-5)
    assert facts.number("reads.slow") == reads.slow_reads == 100
    assert facts.number("reads.p99") == pytest.approx(reads.p99_seconds, rel=1e-5)
    assert facts.number("reads.slow_time_share") == pytest.approx(reads.modes[1].time_share, rel=1e-5)


def numbers(capture: Capture) -> Any:
    return report(capture).measurements


def test_reads_are_counted_alike_whatever_the_totals_say() -> None:
    capture = reading(totals=[(0, "hit", 601, 1, 1, 600, 0), (1, "missed", 101, 1, 1, 100, 60)])
    facts, reads, cache = Facts(Windows(capture)), numbers(capture).read_latency, numbers(capture).page_cache
    assert facts.number("reads.file_count") == reads.file_reads == 700
    assert facts.number("reads.missed") == cache.service.missed_reads == reads.modes[1].missed == 100


def test_a_counter_that_fell_has_risen_by_as_much_in_facts_as_in_the_report() -> None:
    """memory.stat lags by CPU, so that a counter may fall a little: 10, 15, 12, 20 are rises of 5 and 8."""
    readings = [10, 15, 12, 20, 20]
    capture = reading(
        samples={(SVC, "refault_file_pages"): readings, (SVC, "major_faults"): readings},
        host={"disk.vda.reads": readings, "disk.vda.read_ms": readings, "vmstat.pswpin": readings},
    )
    facts, found = Facts(Windows(capture)), numbers(capture)
    assert facts.number("cache.refaults") == found.cgroups.list[0].refault_file_pages == 13
    assert sum(v or 0 for v in found.cgroups.list[0].series.refault_file_pages) == 13
    assert facts.number("swap.major_faults") == found.read_latency.major_faults == 13
    assert facts.number("swap.host_in") == found.pressure.host_counters["pswpin"] == 13
    assert found.disks[0].reads == 13


def test_a_host_that_was_not_read_throughout_has_one_share_of_pressure() -> None:
    stalled = [0, 500_000, 1_000_000, None, None]
    capture = reading(host={"pressure.cpu.some_us": stalled})
    share = numbers(capture).pressure.host["cpu_some"].share
    assert Facts(Windows(capture)).number("host.cpu_pressure") == pytest.approx(share, rel=1e-5)
    assert share == 0.5, "of the two windows between the readings"


def test_the_same_evictions_are_the_services_own_in_facts_and_in_the_report() -> None:
    rows = [
        (0, SVC, SVC, "memcg-reclaim", 30),
        (1, SVC, SVC, "direct-reclaim", 10),
        (1, SVC, SVC, "invalidate", 5),
        (1, SVC, SVC, "truncate", 7),
        (2, 20, SVC, "memcg-reclaim", 50),
        (2, 1, SVC, "proactive", 3),
        (3, 1, SVC, "drop-caches", 2),
        (3, 0, SVC, "memcg-reclaim", 4),
    ]
    capture = reading(cgroups={1: "/", 10: "/dg", SVC: "/dg/svc", 20: "/dg/batch"}, evictions=rows)
    facts, evictions = Facts(Windows(capture)), numbers(capture).evictions
    by, lost = evictions.of_service_by_pages, evictions.of_service_pages
    assert facts.number("evictions.of_service") == lost == 104
    assert (by["self"], by["neighbours"], by["unknown"], by["truncated"]) == (40, 50, 4, 7)
    for fact, who in (("by_self", "self"), ("proactive", "proactive"), ("given_away", "dropped"), ("kswapd", "kswapd")):
        assert facts.number(f"evictions.{fact}_share") == pytest.approx(by[who] / lost)
