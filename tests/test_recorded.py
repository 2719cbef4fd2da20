"""Captures recorded live from every scenario: the right verdict each, nobody accused who is innocent, in all of them.

Recorded by `python -m tests.accuracy live --times 1 --keep diagnose/lab/recorded`, without the names of the host.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.lab import RECORDED, SCENARIOS
from diagnose.report.model import Report
from tests.accuracy.live import outcome

MAX_BYTES = 60 << 10
RECORDINGS = sorted(RECORDED.glob("*.capture.json.gz"))
EACH = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
BESIDE_READS = ("cpu-quota", "dirty-pages", "slow-peers")
"""Here the reads of files are fast, which is all that "healthy" says."""
OWN = re.compile(r"/|/diagnose-demo-1(/.*)?|(/other-\d+)+")


@cache
def capture_of(recording: Path) -> Capture:
    return captures.load(recording)[0]


@cache
def report_of(recording: Path) -> Report:
    return pipeline.analyse(capture_of(recording), rules.load_rules())


def without(capture: Capture, probe: str) -> Capture:
    """Return the capture as it would be had a probe not attached."""
    empty = {
        "reads": {"reads": {}, "read_totals": {}, "read_delays": None, "files": [], "blame": None},
        "page-cache": {"cache": {}, "blame": None},
        "evictions": {"evictions": {}, "droppers": [], "blame": None},
        "block": {"block_requests": {}, "block_latency": {}},
        "stalls": {"stalls": None},
        "blame": {"blame": None},
        "cgroups": {"cgroup_samples": {}},
        "host": {"host_samples": {"window": [], "values": {}}},
    }
    data = capture.model_dump(by_alias=True) | empty[probe]
    for record in data["probes"]:
        if record["probe"] == probe:
            record |= {"attached": False, "reason": "switched off for this test", "missing": []}
    return Capture.model_validate(data)


def test_every_scenario_was_recorded() -> None:
    assert {path.name.removesuffix(".capture.json.gz") for path in RECORDINGS} == set(SCENARIOS)


@EACH
def test_the_verdict_is_right_and_nobody_innocent_is_accused(recording: Path) -> None:
    scenario = SCENARIOS[recording.name.removesuffix(".capture.json.gz")]
    judged = outcome(scenario, report_of(recording))
    assert judged.accused == ()
    assert judged.verdict == scenario.expected, report_of(recording).verdict.summary
    assert judged.right


def test_of_two_guilty_ones_each_has_its_share_and_the_worse_comes_first() -> None:
    (finding, *_) = report_of(RECORDED / "two-noisy-neighbours.capture.json.gz").findings
    assert [c.cgroup.rsplit("/", 1)[1] for c in finding.culprits] == ["batch", "backup"]
    worse, other = (c.share or 0.0 for c in finding.culprits)
    assert 1.3 * other < worse < 3 * other, "one streams twice as fast as the other"
    assert worse + other <= 1


def test_who_dropped_the_caches_is_named_with_the_command() -> None:
    summary = report_of(RECORDED / "caches-dropped.capture.json.gz").verdict.summary
    assert "dropped on purpose, by python in /diagnose-demo-1/batch" in summary


@EACH
def test_what_did_not_fire_says_why_with_a_number(recording: Path) -> None:
    report = report_of(recording)
    assert all(re.search(r"\d|no neighbour|do not come in bursts", r.why) for r in report.ruled_out), report.ruled_out
    assert all(unknown.missing for unknown in report.unknown)
    named = [r.rule for r in (*report.findings, *report.ruled_out, *report.unknown)]
    assert sorted(named) == sorted(r.id for r in rules.load_rules() if r.rule.then.verdict == "finding")


@EACH
@pytest.mark.parametrize("probe", ["reads", "page-cache", "evictions", "block", "stalls", "blame", "cgroups", "host"])
def test_a_missing_probe_makes_nobody_guilty(recording: Path, probe: str) -> None:
    """What is not measured makes rules unknown, never true: no new culprit, and no finding that was ruled out."""
    whole = report_of(recording)
    report = pipeline.analyse(without(capture_of(recording), probe), rules.load_rules())
    ruled_out = {r.rule for r in whole.ruled_out}
    assert not {f.rule for f in report.findings} & ruled_out
    accused = {c.cgroup for f in whole.findings for c in f.culprits}
    assert {c.cgroup for f in report.findings for c in f.culprits} <= accused
    if whole.verdict.status != "healthy" and recording.name.partition(".")[0] not in BESIDE_READS:
        assert report.verdict.status != "healthy"


@EACH
def test_small_and_without_names_of_a_host(recording: Path) -> None:
    capture = capture_of(recording)
    assert recording.stat().st_size <= MAX_BYTES
    assert capture.host.hostname == "lab"
    assert all(OWN.fullmatch(c.path) for c in capture.cgroups), [c.path for c in capture.cgroups]
    assert all(f.path is None or f.path.startswith("data") for f in capture.files)
