"""The report as a whole: what was not measured is in it."""

from __future__ import annotations

from diagnose.capture.model import ProbeRecord
from diagnose.report.wording.report import not_measured
from tests.helpers.small_capture import small_capture


def test_columns_that_are_missing_are_named_beside_their_probe() -> None:
    records = [ProbeRecord(probe="page-cache", attached=True, missing=["cache.missed"])]
    (line,) = not_measured(small_capture(probes=records))
    assert line.probe == "page-cache (cache.missed)"
    assert line.reason
