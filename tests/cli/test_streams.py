"""Standard output that is full or closed: the report is written all the same, and a line says what was not printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import RECORDED

CAPTURE = RECORDED / "healthy.capture.json.gz"
needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110


def report(folder: Path, output: str, redirection: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diagnose.cli", "report", str(CAPTURE), "--no-charts", "--output", output]
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command], cwd=folder, capture_output=True, text=True, check=False
    )


@needs_full
def test_a_report_that_cannot_be_printed_is_one_line(tmp_path: Path) -> None:
    done = report(tmp_path, "-", ">/dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "diagnose: what was to be printed could not be written (No space left on device); "
        "free some space, or print elsewhere\n"
    )


@needs_full
def test_a_summary_that_cannot_be_printed_costs_a_warning(tmp_path: Path) -> None:
    done = report(tmp_path, "there", ">/dev/full")
    assert done.returncode == 0
    assert done.stderr == (
        "diagnose: warning: the summary could not be printed (No space left on device); the report is in there\n"
    )
    assert (tmp_path / "there" / "report.md").is_file()


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_nothing_but_what_is_printed(redirection: str, tmp_path: Path) -> None:
    done = report(tmp_path, "there", redirection)
    assert done.returncode == 0
    assert done.stderr == ""
    assert (tmp_path / "there" / "report.md").read_text().startswith("# ")
    assert ("verdict: " in done.stdout) == (">&-" not in redirection.replace("2>&-", ""))
