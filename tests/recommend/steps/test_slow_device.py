"""What holds the service back on its device is named, raised where it is its own limit, and shown where to look."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.surroundings import BlockDevice
from diagnose.capture.tables import BlockRequests
from diagnose.recommend.steps.slow_device import InspectDevice, RaiseIoLimit, ShowIoLimits
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import captured, steps_for

DG = 10
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
    told = Facts(Windows(capture)).text("block.held_back")
    assert told == (
        "a limit of the service's own holds it to 40 reads/s on vda (blkio.throttle.read_iops_device of /dg/svc), and "
        "it made 40"
    )


@pytest.mark.parametrize(
    ("path", "limits", "whose", "mend"),
    [
        (SVC, {"riops": {"254:0": 44}}, "the service itself, at an I/O limit of its own", "Raise the I/O limit"),
        (SVC, {"rbps": {"254:0": 4096}}, "the service itself, at an I/O limit of its own", "Raise the I/O limit"),
        (DG, {"riops": {"254:0": 40}}, "the I/O limit of /dg", "Raise the I/O limit"),
        (SVC, {"riops": {"254:0": 45}}, "nobody else", "Mend what makes loop0 take 24 ms for a read"),
        (SVC, {"wiops": {"254:0": 1}}, "nobody else", "Mend what makes loop0"),
    ],
    ids=["reached", "reached in bytes", "around the service", "not reached", "of writes"],
)
def test_a_limit_that_was_reached_is_the_cause_and_the_device_is_not_accused(path, limits, whose, mend):
    requests = REQUESTS.model_copy(update={"bytes": [4096, 4 * 4096]})
    capture = captured({path: {"io_limits": limits}}, block_requests=requests, devices=DEVICES, cgroup_version=2)
    found = Facts(Windows(capture))
    assert found.text("block.whose") == whose
    assert (found.text("block.mend") or "").startswith(mend)
    if path == DG:
        assert "a limit of /dg, in which the service lies, holds that to 40 reads/s" in (
            found.text("block.held_back") or ""
        )


def test_without_a_limit_the_report_says_what_lies_below():
    capture = captured(block_requests=REQUESTS, devices=DEVICES, cgroup_version=2)
    limits, _ = steps_for("look-at-device", capture)
    assert isinstance(limits, ShowIoLimits)
    assert limits.looked_for
    found = Facts(Windows(capture))
    assert (found.text("block.held_back") or "").startswith("no I/O limit of the service's own is set on loop0")
    assert found.text("block.layers") == (
        "loop0 is the file /srv/image on vda; vda served the service's reads in 90 µs on average, against 24 ms here, "
        "so the time is lost above that"
    )


def test_a_capture_without_devices_says_so_and_shows_the_command():
    capture = captured(block_requests=REQUESTS, cgroup_version=2)
    limits, _ = steps_for("look-at-device", capture)
    assert limits == ShowIoLimits(looked_for=False, commands=("grep -H . /sys/fs/cgroup/dg/svc/io.max",))
    assert "was not measured" in (Facts(Windows(capture)).text("block.held_back") or "")
