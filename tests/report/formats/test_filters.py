"""What templates write of limits, stalls and rows that say the same."""

from __future__ import annotations

import pytest

from diagnose.report.formats.filters import alike, limits, stall
from diagnose.report.measurements.host_models import Stalled
from diagnose.report.model import NotMeasured


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (None, "unknown"),
        ({}, "unknown"),
        ({"memory.swap.max": 7}, "unknown"),
        ({"memory.max": None, "memory.low": 0}, "none"),
        ({"memory.low": 4096, "memory.max": 1 << 20, "memory.high": None}, "memory.max 1 MiB, memory.low 4 KiB"),
    ],
)
def test_limits_that_are_set_are_told(settings: dict[str, int | None] | None, told: str) -> None:
    assert limits(settings) == told


def test_a_stall_is_time_and_share_or_why_there_is_none() -> None:
    stalls = {"io_some": Stalled(seconds=1.2, share=0.01), "io_full": Stalled(seconds=None, share=None)}
    assert [stall(stalls, name) for name in ("io_some", "io_full", "cpu_some")] == [
        "1.2 s (1 %)",
        "unknown",
        "not measured",
    ]


def test_probes_with_one_reason_and_remedy_are_told_together() -> None:
    rows = [NotMeasured(probe=p, reason=r, how_to_enable=None) for p, r in (("a", "x"), ("b", "y"), ("c", "x"))]
    assert [[row.probe for row in group] for group in alike(rows)] == [["a", "c"], ["b"]]
