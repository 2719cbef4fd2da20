"""What holds the service back on its device is named, raised where it is its own limit, and shown where to look."""

from __future__ import annotations

from diagnose.capture.surroundings import BlockDevice
from diagnose.capture.tables import BlockRequests
from diagnose.recommend.steps.slow_device import InspectDevice, RaiseIoLimit, ShowIoLimits
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import captured, steps_for

REQUESTS = BlockRequests(
    window=[0, 0], device=["loop0", "vda"], op=["read", "read"], cgroup=[SVC, SVC], requests=[160, 160],
    bytes=[1, 1], queue_ns=[0, 0], service_ns=[160 * 24_000_000, 160 * 90_000],
)  # fmt: skip
DEVICES = [
    BlockDevice(name="loop0", number="7:0", backing_file="/srv/image", below=["vda"]),
    BlockDevice(name="vda", number="254:0"),
]
LIMIT = {"io_limits": {"riops": {"254:0": 40}}, "beside": {"blkio": "/dg/svc"}}


def test_the_services_own_limit_below_a_loop_device_is_the_first_to_be_raised():
    capture = captured({SVC: LIMIT}, block_requests=REQUESTS, devices=DEVICES, cgroup_version=1, mounts={"blkio": "/b"})
    raised, looked = steps_for("look-at-device", capture)
    assert isinstance(raised, RaiseIoLimit)
    assert (raised.limit.cgroup, raised.limit.device, raised.limit.kind) == ("/dg/svc", "vda", "riops")
    assert (raised.limit.allowed, raised.to_per_second) == (40, 80)
    assert raised.commands == ('echo "254:0 80" > /b/dg/svc/blkio.throttle.read_iops_device',)
    assert raised.undo == ('echo "254:0 40" > /b/dg/svc/blkio.throttle.read_iops_device',)
    assert isinstance(looked, InspectDevice)
    assert (looked.device, looked.below) == ("loop0", ("vda",))
    assert looked.commands[0].endswith(" /dev/loop0")
    assert "losetup --list /dev/loop0" in looked.commands


def test_without_a_limit_the_device_below_is_shown():
    capture = captured(block_requests=REQUESTS, devices=DEVICES, cgroup_version=2)
    limits, _ = steps_for("look-at-device", capture)
    assert isinstance(limits, ShowIoLimits)
    assert limits.looked_for


def test_a_capture_without_devices_says_so_and_shows_the_command():
    capture = captured(block_requests=REQUESTS, cgroup_version=2)
    limits, _ = steps_for("look-at-device", capture)
    assert limits == ShowIoLimits(looked_for=False, commands=("grep -H . /sys/fs/cgroup/dg/svc/io.max",))
