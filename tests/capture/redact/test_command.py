"""`--redact` and `--redact-key` as a user meets them, and `apply`, which takes no redacted report."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from diagnose.capture import file as captures
from diagnose.capture.redact import read_key
from diagnose.change.plan import plan
from diagnose.errors import UsageError
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.model import Report
from tests.helpers.change_scene import Scene
from tests.helpers.example_report import example_capture, example_report
from tests.helpers.run_cli import Run

KEY = b"0123456789abcdef"

# ---------------------------------------------------------------- the key file


@pytest.mark.parametrize("content", [b"", b"short\n", b"x" * 5000, b"0123456789abcde\n"])
def test_a_key_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UsageError, match="openssl rand -hex 32"):
        read_key(tmp_path / "key")


def test_the_newline_that_an_editor_adds_is_no_part_of_the_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY + b"\n")
    assert read_key(tmp_path / "key") == KEY
    with pytest.raises(UsageError, match="no-such"):
        read_key(tmp_path / "no-such")


# ---------------------------------------------------------------- the command, and apply


def redacted_folder(tmp_path: Path, *options: str) -> Path:
    (tmp_path / "c.gz").write_bytes(captures.to_bytes(example_capture(windows=60, requested=60)))
    done = Run(tmp_path, "report", "c.gz", "--redact", "--output", "out", *options)
    assert done.code == 1, done.err
    return tmp_path / "out"


def test_the_report_says_that_it_is_redacted(tmp_path: Path) -> None:
    out = redacted_folder(tmp_path)
    head = (out / "report.md").read_text().split("\n## ")[0]
    assert "**Redacted for sharing.**" in head
    assert "`diagnose apply` refuses this report" in head
    document = json.loads((out / "report.json").read_text())
    assert document["measurements"]["capture"]["redacted"] is True
    assert json.loads(gzip.decompress((out / "capture.json.gz").read_bytes()))["redacted"] is True
    assert "Redacted" not in render_markdown(example_report())


def test_apply_refuses_a_redacted_report(tmp_path: Path) -> None:
    out = redacted_folder(tmp_path)
    line = Run(tmp_path, "apply", str(out / "report.json"), "--dry-run").refused()
    assert "the report is redacted" in line
    scene = Scene(tmp_path / "host")
    report = Report.model_validate_json((out / "report.json").read_text())
    with pytest.raises(UsageError, match="redacted"):
        plan(report, scene.machine, (), True, False)


def test_with_a_key_file_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY)
    one = redacted_folder(tmp_path, "--redact-key", "key", "--no-charts")
    done = Run(tmp_path, "report", "c.gz", "--redact", "--redact-key", "key", "--output", "-")
    assert done.out == (one / "report.md").read_bytes()
    assert b"host-1`" not in done.out


def test_a_key_without_redact_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "c.gz").write_bytes(captures.to_bytes(example_capture(windows=5, requested=5)))
    assert "--redact-key" in Run(tmp_path, "report", "c.gz", "--redact-key", "key").refused()
    assert "no-key" in Run(tmp_path, "report", "c.gz", "--redact", "--redact-key", "no-key").refused()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.gz", "key"]
