"""`diagnose latency` as a process, on the running kernel: interrupted, stopped, killed, twice at a time, confined."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Bench, bench

from diagnose.doctor.calls import NUMBERS

pytestmark = pytest.mark.kernel

BUSY = """
fd = opened("data")
import time
os.write(1, b"r")
while True:
    for i in range(64):
        os.pread(fd, PAGE, i * PAGE)
    time.sleep(0.01)
"""
FINISHED = (0, 1)
READY_SECONDS = 30


@pytest.fixture
def service(here: Bench) -> str:
    """Return a cgroup in which somebody reads all the time."""
    here.file("data", 64)
    here.worker(here.top, BUSY)
    return here.top


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        yield made


class Tool:
    """`diagnose` as a child; killed at the end, whatever happens."""

    def __init__(self, folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "diagnose.cli", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Tool:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def finished(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def measuring(self) -> dict[str, set[int]]:
        """Wait until its programs are attached; returns the ids of its BPF programs and maps."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            ids = bpf_ids(self.process.pid)
            if len(ids["prog"]) >= 10:
                time.sleep(1.2)
                return bpf_ids(self.process.pid)
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        raise AssertionError("no BPF programs were loaded")


def bpf_ids(pid: int) -> dict[str, set[int]]:
    """Return the BPF objects that a process holds, by the kernel's own numbers."""
    found: dict[str, set[int]] = {"prog": set(), "map": set()}
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            text = entry.read_text()
        except OSError:
            continue
        for kind in found:
            found[kind] |= {int(n) for n in re.findall(rf"^{kind}_id:\s*(\d+)$", text, re.MULTILINE)}
    return found


def alive(kind: str, number: int) -> bool:
    """Ask the kernel for a BPF program or map by its number (BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID)."""
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = (ctypes.c_uint32 * 3)(number, 0, 0)
    command = {"prog": 13, "map": 14}[kind]
    fd = libc.syscall(NUMBERS[platform.machine()][0], command, attributes, ctypes.sizeof(attributes))
    if fd >= 0:
        os.close(fd)
    return fd >= 0


def left_of(ids: dict[str, set[int]]) -> set[tuple[str, int]]:
    """Return which of the objects are still there after the kernel has had time to free them."""
    deadline = time.monotonic() + 10
    while True:
        left = {(kind, n) for kind, numbers in ids.items() for n in numbers if alive(kind, n)}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def latency(service: str, *more: str) -> tuple[str, ...]:
    return ("latency", "--service", service, *more)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_capture_and_the_report_is_made(service: str, number: signal.Signals, tmp_path: Path) -> None:
    with Tool(tmp_path, *latency(service, "--duration", "100", "--window", "0.5", "--output", "r")) as tool:
        ids = tool.measuring()
        tool.process.send_signal(number)
        tool.process.send_signal(number)
        code, out, err = tool.finished()
    assert code in FINISHED, err
    assert re.search(r"stopped after \d+ of 200 windows", err)
    assert "Traceback" not in err
    assert "verdict: " in out
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert report["capture"]["interrupted"] is True
    assert 1 <= report["capture"]["windows"] < 50
    assert "topped" in (tmp_path / "r" / "report.md").read_text()
    assert left_of(ids) == set()


def test_a_kill_leaves_nothing_in_the_kernel(service: str, tmp_path: Path) -> None:
    mounts = [line for line in Path("/proc/1/mountinfo").read_text().splitlines() if " tracefs " in line]
    with Tool(tmp_path, *latency(service, "--duration", "100")) as tool:
        ids = tool.measuring()
        assert all(alive(kind, n) for kind, numbers in ids.items() for n in numbers)
        children = Path(f"/proc/{tool.process.pid}/task/{tool.process.pid}/children").read_text()
        tool.process.kill()
        tool.process.wait()
    assert left_of(ids) == set()
    assert children.split() == []
    assert [line for line in Path("/proc/1/mountinfo").read_text().splitlines() if " tracefs " in line] == mounts
    assert list(tmp_path.iterdir()) == []


def test_a_pause_is_survived(service: str, tmp_path: Path) -> None:
    with Tool(tmp_path, *latency(service, "--duration", "6", "--window", "0.5", "--output", "r")) as tool:
        tool.measuring()
        tool.process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        tool.process.send_signal(signal.SIGCONT)
        code, _, err = tool.finished()
    assert code in FINISHED, err
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert (report["capture"]["windows"], report["capture"]["interrupted"]) == (12, False)
    assert report["capture"]["lost"] == {}


def test_two_captures_do_not_disturb_each_other(service: str, tmp_path: Path) -> None:
    def measured(name: str) -> Tool:
        return Tool(tmp_path, *latency(service, "--duration", "3", "--output", name))

    with measured("one") as one, measured("two") as two:
        ends = [tool.finished() for tool in (one, two)]
    for name, (code, _, err) in zip(("one", "two"), ends, strict=True):
        assert code in FINISHED, err
        report = json.loads((tmp_path / name / "report.json").read_text())
        counts = [kind["reads"] for kind in report["measurements"]["read_latency"]["kinds"].values()]
        assert sum(counts) > 1000


def test_the_offline_report_is_the_live_one(service: str, tmp_path: Path) -> None:
    with Tool(tmp_path, *latency(service, "--duration", "2", "--window", "0.5", "--output", "live")) as tool:
        code, _, err = tool.finished()
    assert code in FINISHED, err
    with Tool(tmp_path, "report", "live/capture.json.gz", "--output", "again") as tool:
        assert tool.finished()[0] == code
    for name in ("report.md", "report.json", "capture.json.gz"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "live" / name).read_bytes()


def test_a_service_that_ends_during_the_capture_is_reported_on(here: Bench, service: str, tmp_path: Path) -> None:
    with Tool(tmp_path, *latency(service, "--duration", "4", "--window", "0.5", "--output", "-")) as tool:
        tool.measuring()
        here.end()
        code, out, err = tool.finished()
    assert code in FINISHED, err
    assert out.startswith("# ")
    assert "Traceback" not in err


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed")
def test_root_without_capabilities_measures_what_files_tell(service: str, tmp_path: Path) -> None:
    before = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    with Tool(tmp_path, *latency(service, "--duration", "2"), before=before) as tool:
        code, out, err = tool.finished()
    assert code in FINISHED, err
    assert out.startswith("measured without BPF (")
    assert "BPF is refused here: " in err
    assert "Traceback" not in err
    assert "internal error" not in err
