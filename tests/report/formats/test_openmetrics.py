"""report.prom is read by the parsers of both formats, with every name as the system has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as prometheus_families
from prometheus_client.samples import Sample

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.formats.openmetrics import openmetrics
from diagnose.report.model import Culprit, Report
from tests.helpers.example_report import NAMES, example_report

RECORDINGS = sorted(RECORDED.glob("*.capture.json.gz"))


def samples(text: str) -> list[Sample]:
    """Return the samples, the same from both parsers."""
    strict = [s for family in openmetrics_families(text) for s in family.samples]
    usual = [s for family in prometheus_families(text) for s in family.samples]
    assert [(s.name, s.labels, s.value) for s in strict] == [(s.name, s.labels, s.value) for s in usual]
    assert all(s.timestamp is None for s in usual)  # node_exporter refuses time stamps
    return usual


def value(report: Report, name: str, **labels: str) -> float:
    found = [s for s in samples(openmetrics(report)) if s.name == name and labels.items() <= s.labels.items()]
    assert len(found) == 1, found
    return float(found[0].value)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_every_recorded_report_can_be_read(recording: Path) -> None:
    report = pipeline.analyse(captures.load(recording)[0], rules.load_rules())
    read = samples(openmetrics(report))
    assert {s.labels["cgroup"] for s in read} == {report.service.cgroup}
    keys = [(s.name, tuple(sorted(s.labels.items()))) for s in read]
    assert len(keys) == len(set(keys))
    assert openmetrics(report).endswith("# EOF\n")


def test_the_figures_are_those_of_the_report() -> None:
    report = example_report()
    assert value(report, "diagnose_file_reads") == 349_480
    assert value(report, "diagnose_slow_reads") == 3760
    assert value(report, "diagnose_culprit_share", culprit="/dg/batch") == 0.972
    assert value(report, "diagnose_recommended_bytes", target="/dg/batch", setting="memory.high") == 512 << 20
    assert value(report, "diagnose_capture_start_seconds") == 1_772_938_770
    assert value(report, "diagnose_verdict", status="finding", confidence="high") == 1
    assert value(report, "diagnose_evicted_pages", by="kswapd") == 400


def test_what_was_not_measured_is_left_out() -> None:
    names = {s.name for s in samples(openmetrics(example_report(measurements={})))}
    assert "diagnose_file_reads" not in names
    assert "diagnose_page_cache_hit_ratio" not in names


def test_a_culprit_named_twice_is_one_sample() -> None:
    report = example_report()
    twice = report.findings[0].model_copy(
        update={"culprits": [Culprit(cgroup="/x", share=s, cause=None) for s in (1, 0)]}
    )
    assert value(report.model_copy(update={"findings": [twice]}), "diagnose_culprit_share") == 1


@settings(max_examples=50, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.text(st.sampled_from('\\"{}=,n\n\r #'), max_size=20)
)
def test_every_name_can_be_read_back(name: str) -> None:
    text = openmetrics(example_report(names=dict.fromkeys(NAMES, name)))
    assert {s.labels["service"] for s in samples(text)} == {name}
    assert {s.labels["culprit"] for s in samples(text) if "culprit" in s.labels} == {name}
