"""A neighbour that keeps the device busy is held to half of its rate, and what was set before comes back."""

from __future__ import annotations

from diagnose.capture.surroundings import BlockDevice
from diagnose.capture.tables import BlockRequests
from diagnose.recommend.steps.throttle import Rate, ThrottleDevice
from tests.helpers.small_capture import SVC, small_capture
from tests.helpers.step_scene import BATCH, captured, steps_for

REQUESTS = BlockRequests(
    window=[0, 0, 1], device=["vda"] * 3, op=["read", "read", "write"], cgroup=[SVC, BATCH, BATCH],
    requests=[40, 4000, 1000], bytes=[1, 1 << 30, 1 << 30], queue_ns=[10, 10, 10], service_ns=[10, 9000, 900],
)  # fmt: skip
VDA = BlockDevice(name="vda", number="254:0")


def test_v2_writes_io_max_and_restores_what_was():
    capture = captured(
        {BATCH: {"io_limits": {"riops": {"254:0": 3000}}}}, block_requests=REQUESTS, devices=[VDA], cgroup_version=2
    )
    (step,) = steps_for("throttle-neighbour", capture, "/dg/batch")
    assert isinstance(step, ThrottleDevice)
    assert (step.device, step.number, step.makes_cgroup) == ("vda", "254:0", False)
    assert step.rates == (Rate("riops", 1000.0, 500), Rate("wiops", 250.0, 125))
    assert step.commands == ('echo "254:0 riops=500 wiops=125" > /sys/fs/cgroup/dg/batch/io.max',)
    assert step.undo == ('echo "254:0 riops=3000 wiops=max" > /sys/fs/cgroup/dg/batch/io.max',)


def test_an_unknown_number_is_read_by_the_command():
    (step,) = steps_for("throttle-neighbour", captured(block_requests=REQUESTS, cgroup_version=2), "/dg/batch")
    assert step.commands[0].startswith('echo "$(cat /sys/block/vda/dev) riops=500 wiops=125" > ')


def test_v1_writes_the_files_of_blkio_where_the_processes_are_there():
    capture = captured(
        {BATCH: {"beside": {"blkio": "/b"}}},
        block_requests=REQUESTS, devices=[VDA], cgroup_version=1, mounts={"blkio": "/sys/fs/cgroup/blkio"},
    )  # fmt: skip
    (step,) = steps_for("throttle-neighbour", capture, "/dg/batch")
    assert isinstance(step, ThrottleDevice)
    assert (step.cgroup_version, step.makes_cgroup) == (1, False)
    assert step.commands[0] == 'echo "254:0 500" > /sys/fs/cgroup/blkio/b/blkio.throttle.read_iops_device'
    assert step.undo[0] == 'echo "254:0 0" > /sys/fs/cgroup/blkio/b/blkio.throttle.read_iops_device'


def test_v1_makes_a_cgroup_for_processes_that_have_none_and_removes_it_again():
    capture = captured(block_requests=REQUESTS, devices=[VDA], cgroup_version=1)
    (step,) = steps_for("throttle-neighbour", capture, "/dg/batch")
    assert isinstance(step, ThrottleDevice)
    assert (step.cgroup_version, step.makes_cgroup) == (1, True)
    assert step.commands[1] == "mkdir -p /sys/fs/cgroup/blkio/dg/batch"
    assert step.undo[-1] == "rmdir /sys/fs/cgroup/blkio/dg/batch"


def test_systemd_is_told_by_property():
    record = {"path": "/system.slice/b a.service", "managed_by": "systemd"}
    capture = captured({BATCH: record}, block_requests=REQUESTS, devices=[VDA], cgroup_version=2)
    (step,) = steps_for("throttle-neighbour", capture, "/system.slice/b a.service")
    start = "systemctl set-property --runtime -- 'b a.service' "
    assert step.commands == (f"{start}IOReadIOPSMax='/dev/vda 500' IOWriteIOPSMax='/dev/vda 125'",)
    assert step.undo == (f"{start}IOReadIOPSMax='/dev/vda infinity' IOWriteIOPSMax='/dev/vda infinity'",)


def test_of_two_culprits_with_names_alike_each_is_held_to_its_own_rate():
    requests = BlockRequests(
        window=[0] * 3, device=["vda"] * 3, op=["read"] * 3, cgroup=[SVC, 20, 21],
        requests=[40, 4000, 8000], bytes=[1 << 20, 1 << 30, 1 << 30], queue_ns=[10] * 3, service_ns=[10, 9000, 9000],
    )  # fmt: skip
    capture = small_capture(
        cgroups={1: "/", 10: "/dg", SVC: "/dg/svc", 20: "/dg/batch", 21: "/dg/batch2"},
        block_requests=requests, devices=[VDA], cgroup_version=2,
    )  # fmt: skip
    first, second = steps_for("throttle-neighbour", capture, "/dg/batch", "/dg/batch2")
    assert first.commands == ('echo "254:0 riops=500" > /sys/fs/cgroup/dg/batch/io.max',)
    assert second.commands == ('echo "254:0 riops=1000" > /sys/fs/cgroup/dg/batch2/io.max',)


def test_the_rate_of_a_job_is_that_of_all_its_members():
    """One of two workers is named; the limit is set on the job, so half is half of what both made."""
    requests = BlockRequests(
        window=[0] * 3, device=["vda"] * 3, op=["read"] * 3, cgroup=[SVC, 20, 21],
        requests=[40, 7200, 800], bytes=[1 << 20, 1 << 30, 1 << 26], queue_ns=[10] * 3, service_ns=[10, 9000, 900],
    )  # fmt: skip
    capture = small_capture(
        cgroups={1: "/", 10: "/dg", 15: "/dg/batch", SVC: "/dg/svc", 20: "/dg/batch/w1", 21: "/dg/batch/w2"},
        block_requests=requests, devices=[VDA], cgroup_version=2,
    )  # fmt: skip
    (step,) = steps_for("throttle-neighbour", capture, "/dg/batch/w1")
    assert step.commands == ('echo "254:0 riops=1000" > /sys/fs/cgroup/dg/batch/io.max',)
    assert isinstance(step, ThrottleDevice)
    assert (step.cgroup, step.rates) == ("/dg/batch", (Rate("riops", 2000.0, 1000),))
