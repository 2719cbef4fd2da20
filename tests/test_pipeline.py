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


def test_numpy_starts_no_threads_whatever_the_environment_says() -> None:
    code = "import os, diagnose.pipeline, numpy; print(len(os.listdir('/proc/self/task')))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_what_is_imported_is_not_searched_for_garbage_time_and_again() -> None:
    # Of what is to be done at the end the first registered is the last done.
    at_the_end = "atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count()))"
    code = f"import atexit, gc; {at_the_end}; import diagnose.pipeline"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    threshold, frozen = map(int, done.stdout.split())
    assert threshold >= 10_000
    assert frozen > 10_000


def imported_by(*modules: str) -> set[str]:
    """Return what a fresh Python holds once some modules are imported."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


OTHERS_WORK = {"bcc", "click", "difflib", "httpx", "jinja2", "markdown_it", "matplotlib", "rich", "tempfile", "yaml"}
"""Of who compiles, draws, writes words, reads rules or talks to people: imported where that is done."""


def test_a_measurement_begins_without_what_its_report_needs() -> None:
    imported = imported_by("diagnose.pipeline")
    later = {f"diagnose.{part}" for part in ("analysis.facts", "recommend", "report", "rules")}
    assert "diagnose.measure.battery" in imported
    assert not imported & (OTHERS_WORK | later)


def test_a_report_is_made_without_what_reads_its_rules_and_writes_its_words() -> None:
    parts = ("report.formats.markdown", "report.wording.report", "rules")
    imported = imported_by("diagnose.pipeline", *(f"diagnose.{part}" for part in parts))
    later = {
        "diagnose.report.charts",
        "diagnose.report.wording.rule_page",
        "diagnose.rules.evaluate.testing",
        "diagnose.rules.yaml_files",
    }
    assert {"diagnose.report.formats.markdown", "diagnose.rules.schema"} <= imported
    assert not imported & (OTHERS_WORK | later)
