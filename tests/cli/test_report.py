"""`diagnose report` as a user meets it: the same bytes, in any format, on any terminal, and refusals of one line."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.capture import file as captures
from tests.helpers.example_report import example_capture
from tests.helpers.run_cli import Run

PACKED = captures.to_bytes(example_capture(windows=60, requested=60))


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "capture.json.gz"
    path.write_bytes(PACKED)
    return path


def test_the_report_is_the_same_byte_for_byte(capture: Path) -> None:
    for name in ("one", "two"):
        run = Run(capture.parent, "report", capture.name, "--output", name)
        assert run.code == 1, run.err
    one, two = (files_in(capture.parent / name) for name in ("one", "two"))
    assert one == two
    assert {"report.md", "report.json", "charts/latency-over-time.svg", "charts/latency-over-time.png"} <= set(one)
    assert one["capture.json.gz"] == PACKED


def test_the_terminal_gets_the_verdict_and_where_the_report_is(capture: Path) -> None:
    run = Run(capture.parent, "report", capture.name, "--output", "r")
    out = run.out.decode()
    assert out.startswith("verdict: page-cache-noisy-neighbour, ")
    assert "\nreport: r/report.md\n" in out
    assert "\nchange 1: " in out
    assert "\nnext: diagnose apply r/report.json --dry-run  # " in out


def test_a_dash_prints_the_markdown_and_nothing_else(capture: Path) -> None:
    Run(capture.parent, "report", capture.name, "--output", "r", "--no-charts")
    run = Run(capture.parent, "report", capture.name, "--output", "-")
    assert run.out == (capture.parent / "r" / "report.md").read_bytes()
    assert run.err == ""
    assert sorted(p.name for p in capture.parent.iterdir()) == ["capture.json.gz", "r"]


def test_formats_are_chosen_by_name(capture: Path) -> None:
    formats = "--format", "html,jira", "--format", "openmetrics"
    run = Run(capture.parent, "report", capture.name, "--output", "r", *formats)
    assert run.code == 1, run.err
    assert "\nreport: r/report.html\n" in run.out.decode()
    written = {name for name in files_in(capture.parent / "r") if not name.startswith("charts/")}
    assert written == {"report.html", "report.jira.txt", "report.prom", "capture.json.gz"}


def test_any_format_can_be_printed(capture: Path) -> None:
    run = Run(capture.parent, "report", capture.name, "--output", "-", "--format", "html")
    assert run.out.startswith(b"<!DOCTYPE html>")
    assert run.out.count(b"<figure") >= 3
    assert run.err == ""


@pytest.mark.parametrize("wanted", [["--format", "htm"], ["--format", "text,json", "--output", "-"], ["--format", ""]])
def test_a_format_that_cannot_be_is_exit_2_before_the_work(wanted: list[str], capture: Path) -> None:
    Run(capture.parent, "report", capture.name, *wanted).refused()
    Run(capture.parent, "latency", "--service", "nobody", *wanted).refused()
    assert [p.name for p in capture.parent.iterdir()] == ["capture.json.gz"]


def test_a_report_without_charts_is_better_than_none(capture: Path) -> None:
    """Where the plotting library is broken, a warning says so."""
    broken = capture.parent / "matplotlib.py"
    broken.write_text("raise ImportError('broken here')")
    run = Run(capture.parent, "report", capture.name, "--output", "r", env={**os.environ, "PYTHONPATH": _path(broken)})
    assert run.code == 1, run.err
    assert run.err == "diagnose: warning: no charts (ImportError: broken here); the report has them as text\n"
    assert "](charts/" not in (capture.parent / "r" / "report.md").read_text()


def _path(module: Path) -> str:
    return os.pathsep.join([str(module.parent), *filter(None, [os.environ.get("PYTHONPATH")])])


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_markdown_is_utf8_whatever_the_terminal_is(encoding: str, capture: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    run = Run(capture.parent, "report", capture.name, "--output", "-", env=environment)
    assert run.code == 1, run.err
    assert run.out == Run(capture.parent, "report", capture.name, "--output", "-").out


def test_a_terminal_that_cannot_show_a_character_still_gets_the_line(capture: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = Run(capture.parent, "report", capture.name, "--output", "r", env=environment)
    assert run.code == 1, run.err
    assert run.out.startswith(b"verdict: ")


def test_without_output_a_folder_is_made_here(capture: Path) -> None:
    Run(capture.parent, "report", capture.name)
    Run(capture.parent, "report", capture.name)
    made = sorted(p.name for p in capture.parent.iterdir() if p.is_dir())
    assert made == ["diagnose-svc-20260308T025930Z", "diagnose-svc-20260308T025930Z-2"]


@pytest.mark.parametrize("lines", [1, 0])
def test_a_reader_that_leaves_is_no_error(lines: int, capture: Path) -> None:
    command = f"{sys.executable} -m diagnose.cli report {capture} --output - | head -{lines}; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", "1")


@pytest.mark.parametrize("arguments", [["rules", "list"], ["--help"], ["doctor"], ["rules", "test"]])
def test_no_command_minds_a_reader_that_leaves(arguments: list[str]) -> None:
    command = f"{sys.executable} -m diagnose.cli {' '.join(arguments)} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"", b"text", PACKED[:100], PACKED[:-1], gzip.compress(b"{}"), gzip.compress(b"null"), gzip.compress(b"[" * 9999)],
    ids=["empty", "text", "head", "cut", "object", "null", "deep"],
)
def test_a_bad_capture_is_exit_2(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(content)
    Run(tmp_path, "report", "c").refused()
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("name", ["none", ".", "", "/", "x" * 300, "a\nb"])
def test_a_capture_that_is_not_there_is_exit_2(name: str, tmp_path: Path) -> None:
    Run(tmp_path, "report", name).refused()


@pytest.mark.parametrize("output", ["/etc/passwd", "/etc/passwd/x", "x" * 300, "/proc/1/x/y", "capture.json.gz"])
def test_an_output_that_cannot_be_is_exit_2_before_the_work(output: str, capture: Path) -> None:
    if output.startswith("/proc") and os.geteuid() == 0:
        pytest.skip("root is told so by the kernel alone, when it writes")
    Run(capture.parent, "report", capture.name, "--output", output).refused()


def test_rules_of_ones_own_are_used_and_bad_ones_refused(capture: Path) -> None:
    (capture.parent / "rules").mkdir()
    (capture.parent / "rules" / "broken.yaml").write_text("id: [")
    run = Run(capture.parent, "report", capture.name, "--rules", "rules", "--output", "-")
    assert (run.code, run.out) == (2, b"")
    assert "broken.yaml" in run.err
    assert "Traceback" not in run.err
    assert "not a folder" in Run(capture.parent, "report", capture.name, "--rules", "none").refused()
