"""What makes the service's device slow: an I/O limit that was reached, or what lies below the device."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.block import DeviceTime, DeviceTimes
from diagnose.analysis.facts.io_limits import (
    DeviceLayers,
    DeviceRemedy,
    DeviceSlowedBy,
    IoLimit,
    IoLimits,
    LimitedReads,
    OthersOnDevice,
    OthersOnDevices,
)
from diagnose.analysis.windows import Windows
from diagnose.capture.surroundings import BlockDevice
from diagnose.capture.tables import BlockRequests
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import BATCH, captured

DG = 10
REQUESTS = BlockRequests(
    window=[0, 0, 0], device=["loop0", "vda", "vda"], op=["read", "read", "write"], cgroup=[SVC, SVC, BATCH],
    requests=[160, 160, 40], bytes=[4096, 4 * 4096, 1], queue_ns=[0, 0, 0],
    service_ns=[160 * 24_000_000, 160 * 90_000, 1],
)  # fmt: skip
DEVICES = [
    BlockDevice(name="loop0", number="7:0", backing_file="/srv/image", below=["vda"]),
    BlockDevice(name="vda", number="254:0"),
]


def facts(cgroup: int = SVC, limits: dict[str, dict[str, int]] | None = None, **changes: object) -> Facts:
    """Return the facts of a service that reads from a loop device, of 24 ms a read, over a disk; 40 reads/s of each."""
    changes = {"block_requests": REQUESTS, "devices": DEVICES, "cgroup_version": 2, **changes}
    return Facts(Windows(captured({cgroup: {"io_limits": limits or {}}}, **changes)))


@pytest.mark.parametrize(
    ("version", "file"), [(1, "blkio.throttle.read_iops_device"), (2, "io.max")], ids=["cgroup v1", "cgroup v2"]
)
def test_the_services_own_limit_below_a_loop_device(version: int, file: str) -> None:
    found = facts(limits={"riops": {"254:0": 40}}, cgroup_version=version)
    limit = IoLimit("/dg/svc", "vda", "254:0", "riops", file, 40)
    assert found.value("block.held_back") == IoLimits("loop0", (LimitedReads(limit, own=True, made=40),))
    assert found.value("block.limited_others") == OthersOnDevices((OthersOnDevice("vda", others=40, requests=200),))


def test_a_limit_above_the_service_holds_for_all_below_it() -> None:
    (reads,) = facts(DG, {"rbps": {"254:0": 4096}}).value("block.held_back").limits
    assert (reads.limit.cgroup, reads.limit.kind, reads.own, reads.made) == ("/dg", "rbps", False, 4096)


@pytest.mark.parametrize(
    ("cgroup", "limits", "by"),
    [
        (SVC, {"riops": {"254:0": 44}}, DeviceSlowedBy("own-limit")),
        (SVC, {"rbps": {"254:0": 4096}}, DeviceSlowedBy("own-limit")),
        (DG, {"riops": {"254:0": 40}}, DeviceSlowedBy("limit-above", "/dg")),
        (SVC, {"riops": {"254:0": 45}}, DeviceSlowedBy("nobody")),
        (SVC, {"wiops": {"254:0": 1}}, DeviceSlowedBy("nobody")),
    ],
    ids=["reached", "reached in bytes", "around the service", "not reached", "of writes"],
)
def test_a_limit_that_was_reached_is_the_cause_and_the_device_is_not_accused(
    cgroup: int, limits: dict[str, dict[str, int]], by: DeviceSlowedBy
) -> None:
    found = facts(cgroup, limits)
    assert found.value("block.whose") == by
    assert found.value("block.mend") == DeviceRemedy(by.by != "nobody", "loop0", pytest.approx(0.024))


def test_without_a_limit_what_lies_below_is_to_be_looked_at() -> None:
    found = facts()
    assert found.value("block.held_back") == IoLimits("loop0", ())
    assert found.value("block.limited_others") == OthersOnDevices((OthersOnDevice("loop0", others=0, requests=160),))
    layers = found.value("block.layers")
    assert layers == DeviceLayers("loop0", True, ("vda",), "/srv/image", 24_000_000, (DeviceTime("vda", 90_000),))
    assert layers.lost_above
    assert found.value("block.own_devices") == DeviceTimes((DeviceTime("loop0", 24e6), DeviceTime("vda", 90e3)))


def test_time_that_the_device_below_takes_is_not_lost_above_it() -> None:
    slow_below = REQUESTS.model_copy(update={"service_ns": [160 * 24_000_000, 160 * 12_000_000, 1]})
    assert not facts(block_requests=slow_below).value("block.layers").lost_above


def test_a_capture_without_devices_knows_neither_limits_nor_layers() -> None:
    found = facts(devices=[])
    assert found.value("block.held_back") == IoLimits("loop0", None)
    assert found.value("block.layers") == DeviceLayers("loop0", known=False)


def test_a_service_that_read_from_no_device_has_nothing_to_remedy() -> None:
    found = facts(block_requests=BlockRequests())
    assert found.value("block.mend") is None
    assert found.value("block.own_device") is None
    assert found.value("block.whose") == DeviceSlowedBy("nobody")
