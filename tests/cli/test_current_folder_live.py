"""A current folder that was removed under the feet of `diagnose` costs nothing but the folder of that name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.live import Bench, bench

pytestmark = pytest.mark.kernel

REMOVED = 'rmdir "$PWD" && exec "$@"'


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        made.worker(made.top, "go()\ndone()\n")
        yield made


def measured(folder: Path, service: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run `latency` for a second in a folder that is gone; new folders go into the one above."""
    (folder / "gone").mkdir()
    tool = [sys.executable, "-P", "-c", "from diagnose.cli import main; main()"]
    asked = ["latency", "--service", service, "--duration", "1", "--no-charts", *more]
    return subprocess.run(
        ["sh", "-c", REMOVED, "sh", *tool, *asked],
        cwd=folder / "gone", env={**os.environ, "TMPDIR": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_reads_are_measured_from_a_folder_that_is_gone(here: Bench, tmp_path: Path) -> None:
    done = measured(tmp_path, here.top, "--output", str(tmp_path / "out"))
    assert done.returncode in (0, 1), done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [row for row in report["not_measured"] if row["probe"] == "bpf"] == []
    assert "refused" not in done.stderr


def test_without_a_folder_the_report_goes_to_the_temporary_one(here: Bench, tmp_path: Path) -> None:
    done = measured(tmp_path, here.top)
    assert done.returncode in (0, 1), done.stderr
    (report,) = tmp_path.glob("diagnose-*/report.json")
    assert str(report.parent) in done.stderr
    assert [row for row in json.loads(report.read_text())["not_measured"] if row["probe"] == "bpf"] == []
