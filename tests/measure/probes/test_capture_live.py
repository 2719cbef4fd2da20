"""`diagnose latency` as a process, on the running kernel: interrupted, stopped, killed, twice at a time, confined."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.live import Bench, bench
from tests.helpers.tool import FINISHED, Tool, alive, latency, left_of

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
