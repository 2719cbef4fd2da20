"""While root runs any command, no program is started and no file is loaded that variables of somebody else lead to.

A trap has every name of the system's folders; it stands first in PATH, and where other variables say where to look.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.cli import cli
from diagnose.lab import RECORDED
from diagnose.resources import SYSTEM_PATH
from tests.cli.test_environment import HOSTILE
from tests.helpers.change_box import MIB, Box

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root ignores PATH")

AS_THE_SCRIPT_DOES = [sys.executable, "-P", "-c", "from diagnose.cli import main; main()"]
OFFLINE = (
    "report CAPTURE --output OUT --format markdown,html,jira,text,json,openmetrics", "services", "doctor",
    "rules list", "rules show healthy", "rules lint", "rules test", "latency --help", "demo --list",
    "attach https://github.com/o/r/issues/1 OUT --dry-run", "apply OUT/report.json --dry-run",
    "verify OUT/report.json", "rollback OUT/report.json", "report CAPTURE --redact --output -",
)  # fmt: skip


class Trap:
    """Programs under every name of the system's, which note that they were started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marker = folder / "trap", folder / "ran"
        self.folder.mkdir()
        script = folder / "script"
        script.write_text(f'#!/bin/sh\necho "$0" >> {self.marker}\n')
        script.chmod(0o755)
        for name in {name for place in SYSTEM_PATH.split(":") if Path(place).is_dir() for name in os.listdir(place)}:  # noqa: PTH208
            os.link(script, self.folder / name)
        for name in ("openssl.cnf", "matplotlibrc", "fonts.conf", "containers.conf"):
            (self.folder / name).write_text("no settings of anybody\n")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command with the trap set; it must not have been tripped."""
        hostile = {
            **os.environ, **dict.fromkeys(HOSTILE, str(self.folder)), "HOME": str(self.folder),
            "PATH": f"{self.folder}:{os.environ['PATH']}", "OPENSSL_CONF": str(self.folder / "openssl.cnf"),
        }  # fmt: skip
        done = subprocess.run(
            [*AS_THE_SCRIPT_DOES, *arguments], env=hostile, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        assert not self.marker.exists(), self.marker.read_text()
        return done


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Trap:
    return Trap(tmp_path_factory.mktemp("traps"))


def test_the_trap_can_be_tripped(trap: Trap) -> None:
    assert subprocess.run(["fc-list"], env={"PATH": str(trap.folder)}, check=False).returncode == 0
    assert subprocess.run(["systemctl"], env={"PATH": str(trap.folder)}, check=False).returncode == 0
    assert trap.marker.read_text() == f"{trap.folder}/fc-list\n{trap.folder}/systemctl\n"
    trap.marker.unlink()


def test_every_command_is_tried() -> None:
    assert {line.split()[0] for line in OFFLINE} == set(cli.commands)


@pytest.mark.parametrize("line", OFFLINE)
def test_without_the_kernel(line: str, trap: Trap, tmp_path: Path) -> None:
    places = {"CAPTURE": str(RECORDED / "healthy.capture.json.gz"), "OUT": str(tmp_path / "out")}
    if "OUT/" in line or "attach" in line:
        assert trap.run("report", places["CAPTURE"], "--output", places["OUT"], "--no-charts").returncode == 0
    done = trap.run(*(places.get(word, word.replace("OUT/", f"{tmp_path}/out/")) for word in line.split()))
    assert done.returncode in (0, 2), done.stderr


@pytest.mark.kernel
def test_on_the_kernel(trap: Trap, box: Box) -> None:
    box.fill(box.batch, 64)
    measured = trap.run("latency", "--service", box.service, "--duration", "1", "--output", str(box.folder / "out"))
    assert measured.returncode in (0, 1), measured.stderr
    report = str(box.report(box.limit(100 * MIB)))
    applied = trap.run("apply", report, "--yes", "--pause", "0.05", "--verify", "--duration", "2")
    (record,) = box.folder.glob("change-*.json")
    assert f"{record}" in applied.stderr
    trap.run("verify", str(record), "--duration", "2")
    trap.run("rollback", str(record), "--force")


@pytest.mark.kernel
def test_a_demo(trap: Trap, tmp_path: Path) -> None:
    done = trap.run("demo", "--scenario", "slow-device", "--duration", "3", "--output", str(tmp_path / "out"))
    assert done.returncode in (0, 1), done.stderr
