"""The commands that measure again, and make the report again."""

from __future__ import annotations

import pytest

from diagnose.report.formats.reproduce import reproduce
from diagnose.report.measurements.host_models import Context, WithoutBpf
from diagnose.report.measurements.model import Measurements
from diagnose.report.model import Evidence
from tests.helpers.example_report import example_capture, example_report


@pytest.mark.parametrize(("came_to", "windows"), [("failed", 20), ("too little data", 30)])
def test_a_test_that_lacked_data_asks_for_a_longer_capture(came_to: str, windows: int) -> None:
    report = example_report(example_capture(windows=20, requested=20))
    (finding,) = report.findings
    too_short = Evidence.model_validate(
        {"condition": "c", "holds": False, "measured": 1.0, "threshold": 1.0, "unit": "ratio", "outcome": came_to}
    )
    judged = finding.model_copy(update={"evidence": [too_short]})
    command = reproduce(report.model_copy(update={"findings": [judged]}))[0]
    assert f"--duration {windows} " in command


def test_a_capture_without_bpf_is_repeated_without_it() -> None:
    refused = Context(without_bpf=WithoutBpf(reason="x", how_to_enable=None), requested_windows=7)
    command = reproduce(example_report(measurements=Measurements(capture=refused)))[0]
    assert command == "diagnose latency --service svc --duration 7 --window 1 --no-bpf"


def test_a_service_whose_name_begins_like_an_option_stays_one_word() -> None:
    assert "--service=-rf" in reproduce(example_report(names={"service": "-rf"}))[0]
