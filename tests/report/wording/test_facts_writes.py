"""What the service writes, and dirty pages, in words."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts.writes import DirtyHeld, DirtyLimits, WritePace
from diagnose.report.wording.facts_writes import dirty_held, dirty_limits, write_pace
from diagnose.report.wording.writer import Names
from tests.helpers.small_capture import MIB

WRITER = Names({}).writer()


@pytest.mark.parametrize(
    ("busy", "said"),
    [
        (
            0.0055,
            "vda had requests in flight in at most 0.55 % of the capture, so that it is not its pace that holds the "
            "service back",
        ),
        (
            1.0,
            "vda may have had requests in flight in up to 100 % of the capture, so that it may be its pace that holds "
            "the service back",
        ),
        (None, "how much of the time vda was busy was not measured"),
    ],
)
def test_whether_the_device_is_too_slow_for_what_is_written(busy: float | None, said: str) -> None:
    pace = WritePace("vda", 3 * MIB, 1.5 * MIB, busy)
    assert write_pace(pace, WRITER) == f"3 MiB, 1.5 MiB a second; {said}"


def test_how_much_was_dirty() -> None:
    assert dirty_held(DirtyHeld(5 * MIB), WRITER) == (
        "at the ends of the windows up to 5 MiB of the service's pages were dirty or being written"
    )
    assert dirty_held(DirtyHeld(None), WRITER) == "how much of the service's pages was dirty was not measured"


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (DirtyLimits("vda", None, None, ()), "how much may be dirty was not measured"),
        (DirtyLimits("vda", 8 * MIB, None, ()), "vda may hold 8 MiB of dirty pages (its max_bytes)"),
        (DirtyLimits(None, None, 64 * MIB, ()), "the host may hold 64 MiB (nr_dirty_threshold)"),
        (
            DirtyLimits("v\tda", 8 * MIB, 64 * MIB, (("vm.dirty_bytes", 67108864), ("vm.dirty_ratio", 20))),
            "v\\tda may hold 8 MiB of dirty pages (its max_bytes), and the host may hold 64 MiB (vm.dirty_bytes "
            "67,108,864, vm.dirty_ratio 20)",
        ),
    ],
)
def test_how_much_may_be_dirty(limits: DirtyLimits, said: str) -> None:
    assert dirty_limits(limits, WRITER) == said
