"""What a comparison takes out of a report."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from diagnose.change.figures import figures_of
from diagnose.change.model import Figures
from tests.helpers.change_record import figures
from tests.helpers.example_report import example_report


def test_a_service_that_is_protected_is_no_neighbour_of_its_own() -> None:
    """It brings in far less once its pages stay: that is the effect, and no sign of idleness."""
    figures = figures_of(example_report(), ["/dg/batch", "/dg/svc", "/dg", "/dg/svc/worker"])
    assert figures is not None
    assert [n.cgroup for n in figures.neighbours] == ["/dg/batch"]


def test_a_report_without_reads_has_no_figures() -> None:
    assert figures_of(example_report(measurements={}), []) is None


def test_a_report_with_figures_that_no_capture_has_has_none() -> None:
    measured = example_report().measurements
    assert measured.read_latency is not None
    absurd = measured.read_latency.model_copy(update={"file_reads": -1})
    assert figures_of(example_report(measurements=measured.model_copy(update={"read_latency": absurd})), []) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"points": 61},
        {"file_reads_series": []},
        {"p99_seconds_series": [0.001]},
        {"slow_threshold_seconds": 1e308},
        {"seconds": 1e308},
        {"windows": 10**400},
        {"p50_seconds": 1e300},
    ],
)
def test_figures_that_no_capture_has_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Figures.model_validate(figures(0.02).model_dump() | changes)
