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
from diagnose.change.side import side_of
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
    service: Any = told.measurements["page_cache"]["service"]  # type: ignore[index]
    side = side_of(told, [])
    drawn = next((panel.values for panel in panels(told) if panel.title.startswith("hit ratio")), [])
    given = [
        Facts(Windows(capture)).number("cache.hit_ratio"),
        None if service is None else service["hit_ratio"],
        None if side is None else side.hit_ratio,
    ]
    assert given == [None if expected is None else pytest.approx(expected, rel=1e-5)] * 3
    assert ("diagnose_page_cache_hit_ratio{" in openmetrics(told)) == (expected is not None)
    assert any(v is not None for v in drawn) == (expected is not None)


def test_a_window_in_which_more_missed_than_was_looked_up_has_no_ratio_of_its_own() -> None:
    capture = reading(totals=[(0, "hit", 300, 1, 1, 300, 0), (1, "missed", 100, 1, 1, 50, 60)])
    by_window = Facts(Windows(capture)).series("cache.hit_ratio_by_window")
    service: Any = report(capture).measurements["page_cache"]["service"]  # type: ignore[index]
    assert by_window is not None
    assert [None if math.isnan(v) else v for v in by_window.tolist()] == service["series"]["hit_ratio"]


@pytest.mark.parametrize("bins", [(FAST, SLOW), (FAST, BINS + 5)], ids=["of known bins", "past the last bin"])
def test_fact_and_report_call_the_same_reads_slow(bins: tuple[int, int]) -> None:
    capture = reading(reads=[(0, "hit", bins[0], 600), (1, "missed", bins[1], 100)])
    facts, numbers = Facts(Windows(capture)), report(capture).measurements
    reads: Any = numbers["read_latency"]
    assert facts.number("reads.slow_threshold") == pytest.approx(reads["slow_threshold_seconds"], rel=1e-5)
    assert facts.number("reads.slow") == reads["slow_reads"] == 100
    assert facts.number("reads.p99") == pytest.approx(reads["p99_seconds"], rel=1e-5)
    assert facts.number("reads.slow_time_share") == pytest.approx(reads["modes"][1]["time_share"], rel=1e-5)
