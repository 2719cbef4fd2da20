"""From a capture to a report: pure, repeatable, and honest about what was not measured."""

from __future__ import annotations

import builtins
import json
import os
import random
import re
import subprocess
import sys
import time

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.capture.model import Capture, ProbeRecord
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.example_report import example_capture
from tests.helpers.small_capture import small_capture

RULES = rules.load_rules()


def without(*probes: str, **changes: object) -> Capture:
    """Return the example as if these probes had not attached."""
    records = [
        ProbeRecord(probe=p.probe, attached=p.probe not in probes, reason="EPERM" if p.probe in probes else None)
        for p in example_capture().probes
    ]
    return example_capture(windows=60, requested=60, probes=records, **changes)


def test_the_example_has_its_finding() -> None:
    report = pipeline.analyse(example_capture(), RULES)
    assert report.verdict.status == "finding"
    assert report.verdict.rule == "page-cache-noisy-neighbour"
    assert [c.cgroup for c in report.findings[0].culprits] == ["/dg/batch"]
    assert report.recommendations


def test_whoever_is_named_is_named_as_people_know_them_beside_the_path() -> None:
    report = pipeline.analyse(example_capture(), RULES)
    assert [(c.cgroup, c.name) for c in report.findings[0].culprits] == [("/dg/batch", "nightly-batch")]
    assert {r.name for r in report.recommendations if r.cgroup == "/dg/batch"} == {"nightly-batch"}
    assert report.measurements.names == {"/dg/batch": "nightly-batch"}
    assert "nightly-batch (/dg/batch)" in report.verdict.known_by[0].says
    text = render_markdown(report)
    assert "| `nightly-batch` (`/dg/batch`) |" in text
    assert "`memory.high` of `nightly-batch` (`/dg/batch`)" in text
    # in prose nobody is called by the path alone; in code (the settings' files) and beside the name it stands
    prose = re.sub("`[^`]*`|```.*?```", "", text, flags=re.DOTALL).replace("nightly-batch (/dg/batch)", "")
    assert "/dg/batch" not in prose


def test_the_same_capture_gives_the_same_report() -> None:
    capture = example_capture(windows=60)
    again = captures.parse(captures.to_bytes(capture), "x")
    one, two = (pipeline.analyse(c, RULES) for c in (capture, again))
    assert render_markdown(one) == render_markdown(two)
    assert render_json(one) == render_json(two)


def test_the_report_depends_on_neither_clock_nor_files_nor_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = example_capture(windows=60)
    expected = render_json(pipeline.analyse(capture, RULES))

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("the analysis is pure")

    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    with monkeypatch.context() as patch:
        for module, name in ((time, "time"), (time, "monotonic"), (random, "random"), (os, "stat"), (builtins, "open")):
            patch.setattr(module, name, refused)
        report = pipeline.analyse(capture, RULES)
    assert render_json(report) == expected


def test_a_probe_that_did_not_attach_is_named_with_its_reason() -> None:
    report = pipeline.analyse(without("evictions", "block"), RULES)
    assert {n.probe: n.reason for n in report.not_measured} == {"evictions": "EPERM", "block": "EPERM"}
    assert "EPERM" in render_markdown(report)


@pytest.mark.parametrize("missing", [("evictions",), ("reads",), ("page-cache",), ("reads", "evictions", "page-cache")])
def test_nobody_is_accused_on_what_was_not_measured(missing: tuple[str, ...]) -> None:
    report = pipeline.analyse(without(*missing), RULES)
    assert report.verdict.confidence != "high" or report.verdict.status != "finding"
    assert not any(f.confidence == "high" for f in report.findings)
    assert report.unknown


def test_no_reads_are_not_health() -> None:
    report = pipeline.analyse(small_capture(windows=60), RULES)
    assert report.verdict.status == "inconclusive"
    assert report.findings == []
    assert report.recommendations == []


@pytest.mark.parametrize("windows", [0, 1, 2, 5])
def test_a_short_capture_is_reported_on(windows: int) -> None:
    capture = example_capture(windows=windows) if windows else small_capture(windows=0)
    report = pipeline.analyse(capture, RULES)
    assert report.capture.windows == windows
    assert json.loads(render_json(report))["schema"] == "diagnose.report/1"
    assert render_markdown(report).startswith("# ")


def test_every_rule_is_accounted_for() -> None:
    report = pipeline.analyse(example_capture(), RULES)
    named = {r.rule for r in (*report.findings, *report.ruled_out, *report.unknown)}
    healthy = {loaded.id for loaded in RULES if loaded.id == "healthy"}
    assert {loaded.id for loaded in RULES} - healthy <= named


def test_the_report_says_what_was_measured() -> None:
    capture = example_capture(windows=30, requested=120)
    report = pipeline.analyse(capture, RULES)
    assert report.capture.model_dump() == {
        "start": capture.start,
        "windows": 30,
        "window_seconds": 1.0,
        "kernel": capture.host.kernel,
        "cgroup_version": 2,
        "lost": capture.lost,
        "interrupted": True,
    }
    assert report.service.cgroup == "/dg/svc"


def test_measuring_and_judging_are_imported_without_what_compiles_draws_or_talks_to_people() -> None:
    code = "import sys, diagnose.pipeline; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    imported = set(done.stdout.split())
    assert {"diagnose.measure.battery", "diagnose.rules.evaluate"} <= imported
    assert not imported & {"bcc", "click", "httpx", "jinja2", "markdown_it", "matplotlib", "rich"}
