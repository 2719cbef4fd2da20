"""What a capture keeps of root's capabilities, and that everything it reads and writes later needs no more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnose.capture.file import load
from diagnose.cgroups import commands
from diagnose.measure.privileges import BPF, DAC_OVERRIDE, SYS_PTRACE, kept
from tests.helpers import podman
from tests.helpers.live import PAGE, Bench, Worker, bench
from tests.helpers.tool import Tool, bpf_ids, latency, left_of

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has capabilities to give up")
FILES = {DAC_OVERRIDE, SYS_PTRACE}
GIVEN_UP = """
import os, subprocess, sys, threading
from diagnose.measure.privileges import give_up
give_up(sys.argv[1] == "maps")
status = lambda: open("/proc/thread-self/status").read()
told = [status(), subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True).stdout]
later = threading.Thread(target=lambda: told.append(status()))
later.start()
later.join()
os.mkdir(sys.argv[2] + "/made")
print("\\0".join(told))
"""
READ_AND_STAY = """
fd = opened("data")
os.setgid(65534)
os.setuid(65534)
go()
while True:
    for i in range(200):
        os.pread(fd, PAGE, i * PAGE)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    time.sleep(0.05)
"""


def capabilities(status: str) -> dict[str, set[int]]:
    """Return the sets of a process or thread by their names in /proc ("CapEff")."""
    masks = dict(re.findall(r"^(Cap\w+):\s([0-9a-f]+)$", status, re.MULTILINE))
    return {name: {bit for bit in range(64) if int(mask, 16) >> bit & 1} for name, mask in masks.items()}


def test_what_is_kept_follows_the_kernel() -> None:
    assert kept(True, 40) == FILES | {BPF}
    assert kept(True, 37) == FILES | {commands.SYS_ADMIN}  # no CAP_BPF before 5.8
    assert kept(False, 40) == FILES


@as_root
@pytest.mark.parametrize(("what", "keeps"), [("maps", FILES | {BPF}), ("files", FILES)])
def test_nothing_else_is_left_for_this_thread_later_ones_and_programs(
    what: str, keeps: set[int], tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", NOBODY, NOBODY)
    had = capabilities(Path("/proc/self/status").read_text())["CapPrm"]
    done = subprocess.run(
        [sys.executable, "-c", GIVEN_UP, what, str(tmp_path / "theirs")], capture_output=True, text=True, check=True
    )
    left = keeps & had
    for status in done.stdout.split("\0"):
        assert capabilities(status) == {
            "CapInh": set(), "CapPrm": left, "CapEff": left, "CapBnd": left, "CapAmb": set(),
        }  # fmt: skip


def test_whether_this_thread_is_an_administrator(tmp_path: Path) -> None:
    status = tmp_path / "status"
    for text, expected in (("CapEff:\t000001ffffffffff\n", True), ("CapEff:\t0000008000080006\n", False), ("", False)):
        status.write_text(f"Name:\tx\n{text}")
        assert commands.is_admin(status) == expected
    assert not commands.is_admin(tmp_path / "none")


def test_giving_up_what_one_does_not_have_gives_nothing() -> None:
    code = GIVEN_UP.partition("told =")[0] + "give_up(False); give_up(True); print(status())"
    done = subprocess.run([sys.executable, "-c", code, "files"], capture_output=True, text=True, check=True)
    found = capabilities(done.stdout)
    assert found["CapEff"] == found["CapPrm"] <= FILES


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        made.file("data", 200)
        made.here.chmod(0o755)
        yield made


def reader(here: Bench, cgroup: str) -> Worker:
    """Return a process of another user in a cgroup, which reads from the disk until it is killed."""
    worker = here.worker(cgroup, READ_AND_STAY)
    worker.begin()
    return worker


def threads(pid: int) -> list[dict[str, set[int]]]:
    return [capabilities((task / "status").read_text()) for task in Path(f"/proc/{pid}/task").iterdir()]


def measured(here: Bench, service: str, *more: str) -> tuple[dict[str, Any], Path]:
    """Measure into a folder that another user has closed, look at the process meanwhile; returns report and folder."""
    theirs = here.here / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, NOBODY, NOBODY)
    keeps = FILES if "--no-bpf" in more else FILES | {BPF}
    asked = latency(service, "--duration", "6", "--window", "0.5", "--output", str(theirs / "out"), *more)
    with Tool(here.here, *asked) as tool:
        if "--no-bpf" in more:
            time.sleep(3)
        else:
            tool.measuring()
        ids = bpf_ids(tool.process.pid)
        deadline = time.monotonic() + 4  # a thread that asks for names since before is done by then
        while any(found["CapPrm"] - keeps for found in threads(tool.process.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        for found in threads(tool.process.pid):
            assert found["CapPrm"] == found["CapEff"] == found["CapBnd"] == keeps
            assert found["CapInh"] == found["CapAmb"] == set()
        code, _, said = tool.finished()
    assert code in (0, 1), said
    assert "refused" not in said
    assert left_of(ids) == set()
    return json.loads((theirs / "out" / "report.json").read_text()), theirs / "out"


@pytest.mark.kernel
def test_a_capture_misses_nothing_of_what_it_gave_up(here: Bench) -> None:
    inside = here.make("/svc") if here.hierarchy.version == 1 else here.make("svc")
    os.chown(here.directory(inside), NOBODY, NOBODY)
    here.directory(inside).chmod(0o700)
    worker = reader(here, inside)
    report, folder = measured(here, inside)
    capture, _ = load(folder / "capture.json.gz")
    assert [p for p in capture.probes if not p.attached or p.missing or p.reason] == []
    assert [row for row in report["not_measured"] if "blame" in row["probe"] or row["probe"] == "bpf"] == []
    assert capture.lost == {}
    assert report["measurements"]["read_latency"]["file_reads"] > 200
    assert [process["pid"] for process in report["service"]["processes"]] == [worker.process.pid]
    rows = [i for i, c in enumerate(capture.cgroup_samples.cgroup) if c == here.id_of(inside)]
    usage = [capture.cgroup_samples.values["usage_bytes"][i] for i in rows]
    assert len(rows) == capture.windows + 1
    assert min(value or 0 for value in usage) > 0
    assert {path.stat().st_uid for path in folder.rglob("*")} == {0}
    assert len(list((folder / "charts").glob("*.png"))) > 0
    worker.end()


@pytest.mark.kernel
def test_files_alone_are_read_of_other_users_too(here: Bench) -> None:
    worker = reader(here, here.top)
    report, folder = measured(here, here.top, "--no-bpf", "--no-charts")
    capture, _ = load(folder / "capture.json.gz")
    (cgroups,) = [probe for probe in capture.probes if probe.probe == "cgroups"]
    assert (cgroups.attached, cgroups.missing) == (True, [])
    read = capture.cgroup_samples.values["io_read_bytes"]
    mine = [read[i] for i, c in enumerate(capture.cgroup_samples.cgroup) if c == here.id_of(here.top)]
    assert None not in mine
    assert (mine[-1] or 0) - (mine[0] or 0) >= 200 * PAGE
    assert [process["pid"] for process in report["service"]["processes"]] == [worker.process.pid]
    worker.end()


@pytest.mark.kernel
@pytest.mark.skipif(bool(podman.why_not()), reason=podman.why_not())
def test_a_container_that_comes_later_has_its_name(here: Bench, tmp_path: Path) -> None:
    asked = latency(here.top, "--duration", "8", "--window", "0.5", "--no-charts", "--output", str(tmp_path / "out"))
    work = "dd if=/dev/zero of=/tmp/x bs=1M count=8; sleep 1000"
    with Tool(here.here, *asked) as tool:
        tool.measuring()
        with podman.container(here.here, "sh", "-c", work) as web:
            code, _, said = tool.finished()
    assert code in (0, 1), said
    capture, _ = load(tmp_path / "out" / "capture.json.gz")
    assert [record.name for record in capture.cgroups if record.path.endswith(f"libpod-{web.id}")] == [web.name]
