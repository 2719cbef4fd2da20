"""Plain text: 100 columns, no markup, everything said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import escape, pipeline, rules
from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.formats.text import WIDTH, text
from tests.helpers.example_report import example_report

RECORDINGS = sorted(RECORDED.glob("*.capture.json.gz"))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_every_recorded_report_fits_the_page(recording: Path) -> None:
    report = pipeline.analyse(captures.load(recording)[0], rules.load_rules())
    parts = [*report.recommendations, *(step for finding in report.findings for step in finding.steps)]
    commands = {f"  {line}" for part in parts for line in (*part.commands, *part.undo)}
    for line in text(render_markdown(report)).split("\n"):
        assert escape.columns(line) <= WIDTH or line in commands, line
        assert line == line.rstrip()


def test_it_has_no_markup_and_the_same_words() -> None:
    shown = text(render_markdown(example_report()))
    assert "**" not in shown
    assert "```" not in shown
    assert "`" not in shown
    assert "Read latency of svc\n===================\n" in shown
    assert "349,480 reads of regular files" in shown
    assert "echo 536870912 > /sys/fs/cgroup/dg/batch/memory.high" in shown


def test_a_number_and_its_unit_stay_together() -> None:
    shown = text("word " * 18 + "12345 ms and 99.9 %\n")
    assert all(not line.startswith(("ms", "%")) for line in shown.split("\n"))
    assert "\u00a0" not in shown


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_name_changes_the_lines_around_it(name: str) -> None:
    table = f"| A | B |\n|---|---:|\n| {escape.cell(name)} | 1 |\n\nafter\n"
    shown = text(f"# x\n\n- {escape.prose(f'x {name}')}\n\n{table}")
    assert shown.startswith("x\n=\n\n- x")
    assert shown.endswith("\n\nafter\n")
    assert all(c == "\n" or escape.visible(c) == c for c in shown)
