"""Dirty limits: the one that a device has of its own, else when writeback begins."""

from __future__ import annotations

import pytest

from diagnose.capture.model import ProbeRecord
from diagnose.capture.surroundings import BlockDevice
from diagnose.capture.tables import BlockRequests, Stalls
from diagnose.recommend.steps.dirty import EarlierWriteback, Pauses, RaiseMaxDirty, ShowDirtyLimits
from tests.helpers.small_capture import MIB, SVC
from tests.helpers.step_scene import captured, steps_for

LOOP = BlockDevice(name="loop0", number="7:0", max_dirty_bytes=8 * MIB)


def written() -> BlockRequests:
    return BlockRequests(
        window=[0], device=["loop0"], op=["write"], cgroup=[SVC], requests=[9], bytes=[9], queue_ns=[0], service_ns=[9]
    )


def test_a_strict_limit_of_the_device_is_the_one_to_raise() -> None:
    raised, shown = steps_for("dirty-limits", captured(block_requests=written(), devices=[LOOP]))
    assert isinstance(raised, RaiseMaxDirty)
    assert (raised.device, raised.number) == ("loop0", "7:0")
    assert (raised.from_bytes, raised.to_bytes, raised.pauses) == (8 * MIB, 16 * MIB, None)
    assert raised.commands == (f"echo {16 * MIB} > /sys/class/bdi/7:0/max_bytes",)
    assert raised.undo == (f"echo {8 * MIB} > /sys/class/bdi/7:0/max_bytes",)
    assert isinstance(shown, ShowDirtyLimits)


@pytest.mark.parametrize(
    ("busy_ns", "queue_ns", "busy", "idle"),
    [(400_000_000, 0, 0.1, True), (2_400_000_000, 0, 0.6, False), (400_000_000, None, None, False)],
)
def test_what_more_dirty_pages_can_end_depends_on_whether_the_device_has_time_for_them(
    busy_ns: int, queue_ns: int | None, busy: float | None, idle: bool
) -> None:
    requests = written().model_copy(update={"service_ns": [busy_ns], "queue_ns": [queue_ns]})
    stalls = Stalls(window=[0], cgroup=[SVC], kind=["dirty-throttle"], stalls=[30], total_ns=[10**9])
    bare = captured(block_requests=requests, devices=[LOOP], stalls=stalls)
    probes = [*bare.probes, ProbeRecord(probe="stalls", attached=True)]
    raised, _ = steps_for("dirty-limits", bare.model_copy(update={"probes": probes}))
    assert isinstance(raised, RaiseMaxDirty)
    assert (raised.busy_share, raised.idle) == (busy, idle)
    assert raised.pauses == Pauses(30.0, 1.0, 0.25)


def test_else_writeback_begins_at_half_and_what_was_set_comes_back() -> None:
    bare = captured(block_requests=written())
    settings = {
        "vm.dirty_background_ratio": 10,
        "vm.dirty_background_bytes": 0,
        "vmstat.nr_dirty_background_threshold": 512,
    }
    host = bare.host.model_copy(update={"settings": settings})
    early, _ = steps_for("dirty-limits", bare.model_copy(update={"host": host}))
    assert early == EarlierWriteback(
        from_pages=512,
        from_bytes=2 * MIB,
        to_bytes=MIB,
        set_by={"dirty_background_ratio": 10},
        pauses=None,
        commands=(f"sysctl -w vm.dirty_background_bytes={MIB}",),
        undo=("sysctl -w vm.dirty_background_ratio=10",),
    )
    (shown,) = steps_for("dirty-limits", bare)
    assert isinstance(shown, ShowDirtyLimits)
    assert shown.commands[0].startswith("sysctl vm.dirty_bytes")
