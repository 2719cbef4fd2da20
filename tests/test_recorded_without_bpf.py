"""Captures recorded live from every scenario with --no-bpf: right or inconclusive, never wrong, and nothing made up.

Recorded by `python -m tests.accuracy without-bpf --keep tests/recorded_without_bpf`, without the names of the host.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.capture.model import Capture, ProbeRecord
from diagnose.capture.tables import empty
from diagnose.lab import RECORDED, SCENARIOS
from diagnose.measure.polling import NEEDING_BPF
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.model import Report
from tests.accuracy import without_bpf
from tests.accuracy.live import Outcome, outcome
from tests.helpers.paths import WITHOUT_BPF

RECORDINGS = sorted(WITHOUT_BPF.glob("*.capture.json.gz"))
WITH_BPF = sorted(RECORDED.glob("*.capture.json.gz"))
EACH = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
UNDECIDED = {
    *("crowded-cpu", "dirty-pages", "idle-pages", "reclaim-stall", "slow-peers"),
    *("healthy", "healthy-busy", "replaced-files"),
}
"""What files cannot tell: causes that leave no counter, and health, which takes reads that were timed."""
NEVER_CLAIMED = re.compile(r"p99|median of|hit ratio: \d|\d evicted .* pages of|were slow", re.IGNORECASE)
"""What only timed reads, or evictions that were seen, could say."""


@cache
def report_of(recording: Path) -> Report:
    return pipeline.analyse(captures.load(recording)[0], rules.load_rules())


def judged(recording: Path, report: Report) -> Outcome:
    return outcome(SCENARIOS[recording.name.removesuffix(".capture.json.gz")], report)


def test_every_scenario_was_recorded() -> None:
    assert {path.name.removesuffix(".capture.json.gz") for path in RECORDINGS} == set(SCENARIOS)


@EACH
def test_right_or_inconclusive_and_never_wrong(recording: Path) -> None:
    expected = "inconclusive" if recording.name.partition(".")[0] in UNDECIDED else "right"
    assert without_bpf.kind(judged(recording, report_of(recording))) == expected, report_of(recording).verdict.summary


@EACH
def test_the_report_leads_with_the_limitation_and_claims_no_latency(recording: Path) -> None:
    report = report_of(recording)
    assert {f.confidence for f in report.findings} <= {"medium", "low"}
    markdown = render_markdown(report)
    assert markdown.splitlines()[2].startswith("**Measured without BPF: ")
    verdict = markdown.partition("**How sure")[0]
    assert not NEVER_CLAIMED.search(verdict), verdict
    assert "unknown" not in report.verdict.summary.partition("Whether")[0]
    assert report.measurements.read_latency is None
    assert report.measurements.evictions is None
    assert report.measurements.blame is None


@EACH
def test_offline_it_is_the_same_to_the_byte(recording: Path) -> None:
    again = pipeline.analyse(captures.load(recording)[0], rules.load_rules())
    assert (render_markdown(again), render_json(again)) == (
        render_markdown(report_of(recording)),
        render_json(report_of(recording)),
    )


@EACH
@pytest.mark.parametrize("lost", ["io", "limits", "host", "neighbours"])
def test_with_less_to_go_by_it_is_still_never_wrong(recording: Path, lost: str) -> None:
    report = pipeline.analyse(stripped(captures.load(recording)[0], lost), rules.load_rules())
    assert without_bpf.kind(judged(recording, report)) != "wrong", report.verdict.summary


def stripped(capture: Capture, lost: str) -> Capture:
    """Return a capture of a host on which some of the files could not be read either."""
    data = capture.model_dump(by_alias=True)
    samples, host = data["cgroup_samples"], data["host_samples"]
    if lost == "host":
        data["host_samples"] = {"window": [], "values": {}}
    elif lost == "neighbours":
        mine = {c["id"] for c in data["cgroups"] if c["path"].endswith("/service")}
        rows = [i for i, cgroup in enumerate(samples["cgroup"]) if cgroup in mine]
        data["cgroup_samples"] = {
            "window": [samples["window"][i] for i in rows],
            "cgroup": [samples["cgroup"][i] for i in rows],
            "values": {key: [column[i] for i in rows] for key, column in samples["values"].items()},
        }
    else:
        keys = {"io": ("io_",), "limits": ("limit_hits", "high_hits")}[lost]
        samples["values"] = {k: v for k, v in samples["values"].items() if not k.startswith(keys)}
        host["values"] = {k: v for k, v in host["values"].items() if lost != "io" or not k.startswith("disk.")}
    return Capture.model_validate(data)


@pytest.mark.parametrize("recording", WITH_BPF, ids=lambda path: path.name.partition(".")[0])
def test_what_was_recorded_with_bpf_is_not_misjudged_without_it(recording: Path) -> None:
    """The same files, of other runs and shorter of keys: these captures have no process I/O and no diskstats."""
    data = captures.load(recording)[0].model_dump(by_alias=True)
    needing = [probe.name for probe in NEEDING_BPF]
    filled = [field for probe in NEEDING_BPF for field in probe.fills]
    defaults = {name: Capture.model_fields[name].default for name in filled}
    unmeasured = {**defaults, **empty(filled)}
    refused = [ProbeRecord(probe=name, attached=False, reason="refused") for name in ("bpf", *needing)]
    others = [p for p in data["probes"] if p["probe"] not in needing]
    capture = Capture.model_validate(data | unmeasured | {"probes": [*map(dict, refused), *others]})
    report = pipeline.analyse(capture, rules.load_rules())
    assert without_bpf.kind(judged(recording, report)) != "wrong", report.verdict.summary


def test_a_slow_device_is_accused_of_no_more_than_its_counters_say() -> None:
    """/proc/diskstats counts the requests of all, and their wait in the queue: not whose they were."""
    (path,) = (p for p in RECORDINGS if p.name.startswith("slow-device."))
    (finding,) = report_of(path).findings
    assert finding.title == "The device that the service probably reads from takes long for a read"
    assert finding.who is not None
    assert finding.who.startswith("not known: whose requests loop0 served was not measured; its reads took a mean of ")
    assert "whoever made them, took a mean of 24.4 ms, their wait in its queue included" in finding.summary
    assert "Whose requests they were, and how long the service's own reads took, was not measured." in finding.summary
