"""How to measure again, and how to make a report again (pure)."""

from __future__ import annotations

import shlex

from diagnose.report.formats.evidence import lacks_data
from diagnose.report.model import Report

ENOUGH_WINDOWS = 30
"""So many windows hold the pairs, the bursts and the windows between them that the tests over time ask for."""


def reproduce(report: Report) -> list[str]:
    """Return the command lines that measure again, and that make this report again from its capture."""
    context, seconds = report.measurements.capture, report.capture.window_seconds
    windows = context.requested_windows or report.capture.windows
    if lacks_data(report):
        windows = max(windows, ENOUGH_WINDOWS)
    name = shlex.quote(report.service.name)
    option = f"--service={name}" if report.service.name.startswith("-") else f"--service {name}"
    without = " --no-bpf" if context.without_bpf else ""
    return [
        f"diagnose latency {option} --duration {windows * seconds:.10g} --window {seconds:.10g}{without}",
        "diagnose report capture.json.gz",
    ]
