"""Measuring without BPF: when it is chosen, what the capture then holds, and what a user sees where BPF is refused.

The refusals are real: a process without capabilities, and one whose bpf(2) a seccomp filter refuses.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose import pipeline, rules
from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.cli.progress import Progress
from diagnose.doctor.calls import NUMBERS
from diagnose.errors import CannotMeasureError, DiagnoseError
from diagnose.measure import polling
from diagnose.measure.polling import FilesBattery, battery
from diagnose.measure.schedule import Plan
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.cgroup_trees import V2_STAT, Host
from tests.helpers.refused import run, with_bpf_filtered, without_capabilities

NOBODY = 65534
PLAN = Plan(windows=3, window_seconds=0.1)
FILES = {"memory__stat": V2_STAT, "memory__current": "340787200\n", "cgroup__procs": ""}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path, "v2")
    for path in ("/dg", "/dg/svc", "/dg/batch"):
        made.cgroup(path, **FILES)
    made.write("proc/uptime", "1000.0 1.0\n")
    made.write("proc/vmstat", "pgsteal_file 10\ndrop_pagecache 0\n")
    made.write("proc/diskstats", "8 0 sda 5 0 80 7 0 0 0 0 0 7 7\n8 1 sda1 5 0 80 7 0 0 0 0 0 7 7\n")
    (tmp_path / "sys/block/sda").mkdir(parents=True)
    return made


def service_of(host: Host) -> Service:
    return Service("svc", "/dg/svc", host.hierarchy.id_of("/dg/svc"), ())


def now(_seconds: float) -> bool:
    """Wait for nothing: the windows are over when they are over."""
    return False


def captured(host: Host, wait: Callable[[float], bool] = now) -> tuple[Capture, list[Progress]]:
    seen: list[Progress] = []
    return pipeline.record(service_of(host), host.hierarchy, PLAN, wait, seen.append, "unused"), seen


def test_the_capture_says_what_was_not_measured_and_why(host: Host) -> None:
    capture, seen = captured(host)
    records = {record.probe: record for record in capture.probes}
    assert records["bpf"].reason == "it was switched off with --no-bpf"
    for name in ("reads", "page-cache", "evictions", "block", "stalls", "blame", "io-uring"):
        assert not records[name].attached, name
        assert records[name].how_to_enable == "leave out --no-bpf"
    assert records["cgroups"].attached
    assert records["host"].attached
    assert (capture.windows, capture.lost, capture.reads.window) == (3, {}, [])
    assert [progress.reads for progress in seen] == [None] * len(seen)


def test_a_device_that_did_nothing_is_left_out_and_partitions_too(host: Host) -> None:
    def busy(_seconds: float) -> bool:
        host.write("proc/diskstats", "8 0 sda 9 0 160 14 0 0 0 0 0 14 14\n8 1 sda1 9 0 160 14 0 0 0 0 0 14 14\n")
        return False

    assert not any(key.startswith("disk.") for key in captured(host)[0].host_samples.values)
    disks = {key for key in captured(host, busy)[0].host_samples.values if key.startswith("disk.")}
    assert {key.rpartition(".")[0] for key in disks} == {"disk.sda"}


def test_the_report_leads_with_the_limitation_and_claims_nothing(host: Host) -> None:
    capture, _ = captured(host)
    report = pipeline.analyse(capture, rules.load_rules())
    assert report.verdict.status == "inconclusive"
    markdown = render_markdown(report)
    title, first = [line for line in markdown.splitlines() if line][:2]
    assert title == "# Read latency of `svc`"
    assert first.startswith("**Measured without BPF: it was switched off with --no-bpf.** No read was timed")
    assert "Reads were not measured." in markdown
    assert "Evictions were not measured." in markdown
    assert "--no-bpf" in markdown.partition("## How to reproduce")[2]
    assert {row.probe for row in report.not_measured} >= {"bpf", "reads", "evictions"}


def test_stopped_before_the_first_window_nothing_was_measured(host: Host) -> None:
    with pytest.raises(CannotMeasureError, match="before the first window"):
        pipeline.record(service_of(host), host.hierarchy, Plan(3, 60.0), lambda _: True, lambda _: None, "unused")


# ---------------------------------------------------------------- which battery


class _Refusing:
    def __init__(self, *_: object, **__: object) -> None:
        raise CannotMeasureError("no BTF at /sys/kernel/btf/vmlinux")


def test_where_the_host_refuses_bpf_files_are_read_and_it_is_said(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("require_privileges", "find_bcc"):
        monkeypatch.setattr(polling, name, lambda: None)
    monkeypatch.setattr(polling, "Battery", _Refusing)
    said: list[str] = []
    chosen = battery(service_of(host), host.hierarchy, PLAN, "if granted", said.append)
    assert isinstance(chosen, FilesBattery)
    assert [text for text in said if text.startswith("BPF is refused here: no BTF at ")] == said != []
    capture = chosen.run(now, lambda _: None)
    assert capture.probes[0].reason == "no BTF at /sys/kernel/btf/vmlinux"
    assert capture.probes[0].how_to_enable
    with pytest.raises(CannotMeasureError, match="no BTF"):
        battery(service_of(host), host.hierarchy, PLAN, "needed", said.append)


@pytest.mark.parametrize("lacking", ["require_privileges", "find_bcc"])
def test_what_one_command_mends_is_no_refusal(host: Host, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    def missing() -> None:
        raise CannotMeasureError("get it with one command")

    for name in ("require_privileges", "find_bcc"):
        monkeypatch.setattr(polling, name, missing if name == lacking else lambda: None)
    with pytest.raises(CannotMeasureError, match="one command"):
        battery(service_of(host), host.hierarchy, PLAN, "if granted", print)


# ---------------------------------------------------------------- refused for real


def own_cgroup() -> str:
    """Return the memory cgroup of this process; skips where its files cannot be read."""
    try:
        hierarchy = Hierarchy.discover()
        cgroup = hierarchy.of_pid(os.getpid())
    except DiagnoseError as error:
        pytest.skip(f"no memory cgroup here: {error}")
    if not (hierarchy.directory(cgroup) / "memory.stat").is_file():
        pytest.skip("this process is in no memory cgroup whose files are here")
    return cgroup


def measured(refuse: Callable[[], None] | None, folder: Path, *more: str, user: int | None = None) -> str:
    """Measure the own cgroup with BPF refused; returns what was said, after checking the report."""
    done = run(
        refuse, folder, "latency", "--service", own_cgroup(), "--duration", "1", "--output", "out", *more, user=user
    )
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("measured without BPF (")
    report = json.loads((folder / "out/report.json").read_text())
    assert report["verdict"]["status"] != "healthy"
    assert report["verdict"]["confidence"] != "high"
    assert report["measurements"]["read_latency"] is None
    assert report["measurements"]["capture"]["without_bpf"]["how_to_enable"]
    lines = [line for line in (folder / "out/report.md").read_text().splitlines() if line]
    assert lines[1].startswith("**Measured without BPF: ")
    return done.stderr


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights away")
needs_number = pytest.mark.skipif(platform.machine() not in NUMBERS, reason="the number of bpf(2) is not known here")


@needs_root
def test_root_without_capabilities(tmp_path: Path) -> None:
    assert "BPF is refused here: " in measured(without_capabilities, tmp_path)


@needs_root
@needs_number
def test_root_behind_a_seccomp_filter(tmp_path: Path) -> None:
    assert "BPF is refused here: " in measured(with_bpf_filtered, tmp_path)
    doctor = run(with_bpf_filtered, tmp_path, "doctor")
    assert doctor.returncode == 3
    assert "fix: start the container with --security-opt seccomp=unconfined" in doctor.stdout
    assert "diagnose latency --no-bpf" in doctor.stdout


@needs_root
def test_an_ordinary_user_is_told_what_is_needed_and_can_read_files() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are root's alone
        folder = Path(name)
        folder.chmod(0o777)
        refused = run(None, folder, "latency", "--service", own_cgroup(), "--duration", "1", user=NOBODY)
        assert refused.returncode == 3
        (line,) = refused.stderr.splitlines()
        assert "needs root" in line
        assert "--no-bpf" in line
        measured(None, folder, "--no-bpf", user=NOBODY)


@needs_root
def test_a_demo_is_replayed_where_bpf_is_refused(tmp_path: Path) -> None:
    done = run(without_capabilities, tmp_path, "demo", "--duration", "2", "--output", "out")
    assert done.returncode == 3
    assert "cannot measure here: " in done.stderr
    assert "REPLAY: " in done.stderr
    assert "page-cache-noisy-neighbour, high confidence" in done.stdout
