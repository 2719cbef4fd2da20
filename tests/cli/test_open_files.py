"""A low `ulimit -n` is raised, or refused before anything is measured; what is measured is kept."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnose import cli, pipeline
from diagnose.capture import file as captures
from diagnose.cli import _delivery
from diagnose.errors import CannotMeasureError
from diagnose.lab import RECORDED
from diagnose.measure import privileges
from diagnose.report.formats.delivery import Delivery
from diagnose.resources import ENOUGH_OPEN_FILES
from tests.helpers.run_cli import Run

CAPTURE = RECORDED / "noisy-neighbour.capture.json.gz"


def lowered(soft: int, hard: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_command_may_open_as_many_files_as_it_needs() -> None:
    code = """
import resource
from diagnose.cli import _process
_process.settle()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""

    def limits(soft: int, hard: int) -> list[int]:
        done = subprocess.run(
            [sys.executable, "-c", code], preexec_fn=lowered(soft, hard), capture_output=True, text=True, check=True
        )
        return [int(word) for word in done.stdout.split()]

    assert limits(24, 4096) == [ENOUGH_OPEN_FILES, 4096]
    assert limits(2000, 4096) == [2000, 4096]
    assert limits(24, 300)[0] in (300, ENOUGH_OPEN_FILES)  # the latter where it may raise the hard limit as well


def test_nothing_is_measured_where_files_would_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges.resource, "getrlimit", lambda _: (24, 24))
    with pytest.raises(CannotMeasureError, match=f"24 files open.*ulimit -n {ENOUGH_OPEN_FILES}"):
        privileges.require_open_files()
    monkeypatch.setattr(privileges.resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    privileges.require_open_files()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_running_out_of_files_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    def as_nobody() -> None:
        lowered(12, 12)()
        os.setgroups([])
        os.setresuid(65534, 65534, 65534)

    # Nobody cannot enter pytest's folders: the capture comes through an open file.
    with CAPTURE.open("rb") as capture:
        run = Run(Path("/"), "report", "/dev/stdin", "--output", "/tmp", stdin=capture, preexec_fn=as_nobody)
    assert f"ulimit -n {ENOUGH_OPEN_FILES}" in run.refused()


def test_no_more_files_anywhere_is_no_bug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_: Any) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "/usr")

    monkeypatch.setattr(pipeline, "analyse", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", str(CAPTURE), "--output", "-"])
    assert ended.value.code == 3
    assert capsys.readouterr().err.startswith("diagnose: too many open files; raise the limit")


@pytest.mark.parametrize("failure", [MemoryError(), ZeroDivisionError(), OSError(errno.EMFILE, "too many")])
def test_what_is_measured_is_kept_when_its_report_fails(
    failure: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture, packed = captures.load(CAPTURE)
    wanted = Delivery(tmp_path / "a b", ("markdown", "json"))
    with pytest.raises(type(failure)), _delivery.kept(packed, capture, wanted):
        raise failure
    assert captures.load(tmp_path / "a b" / "capture.json.gz") == (capture, packed)
    assert [p.name for p in (tmp_path / "a b").iterdir()] == ["capture.json.gz"]
    assert capsys.readouterr().err.endswith(f"diagnose report '{tmp_path}/a b/capture.json.gz'\n")
