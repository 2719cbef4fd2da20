"""Every command of every recorded scenario's report is one that a shell takes."""

from __future__ import annotations

import subprocess

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.lab import RECORDED, SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_shell_takes_every_command_and_every_undo(scenario):
    capture, packed = captures.load(RECORDED / f"{scenario}.capture.json.gz")
    report = pipeline.analyse(capture, rules.load_rules(), packed)
    parts = [*report.recommendations, *(step for finding in report.findings for step in finding.steps)]
    lines = [line for part in parts for line in (*part.commands, *part.undo)]
    checked = subprocess.run(["bash", "-n"], input="\n".join(lines), capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    if report.verdict.status == "finding":
        assert lines, "a finding without anything to run"
        changed = [part for part in parts if part.undo]
        assert all(part.commands for part in changed)
