"""The quota under which the service would not have been throttled, and how it is set where somebody manages it."""

from __future__ import annotations

import pytest

from diagnose.recommend.steps.quota import RaiseQuota, ShowQuota
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import captured, steps_for

SECOND = 1_000_000
ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"
USED = {
    (SVC, "cpu_usage_us"): [0, SECOND // 5, 2 * SECOND // 5, 3 * SECOND // 5, 4 * SECOND // 5],
    (SVC, "cpu_throttled_us"): [0, SECOND // 2, SECOND, 3 * SECOND // 2, 2 * SECOND],
}
QUOTA = {"cpu_quota_us": 20_000, "cpu_period_us": 100_000}


@pytest.mark.parametrize(
    ("version", "record", "command", "undo"),
    [
        (
            2, {},
            "echo '70000 100000' > /sys/fs/cgroup/dg/svc/cpu.max",
            "echo '20000 100000' > /sys/fs/cgroup/dg/svc/cpu.max",
        ),
        (
            1, {"beside": {"cpu": "/c pu/svc"}},
            "echo 70000 > '/sys/fs/cgroup/cpu/c pu/svc/cpu.cfs_quota_us'",
            "echo 20000 > '/sys/fs/cgroup/cpu/c pu/svc/cpu.cfs_quota_us'",
        ),
        (
            2, {"path": "/system.slice/svc.service", "managed_by": "systemd"},
            "systemctl set-property --runtime -- svc.service CPUQuota=70%",
            "systemctl set-property --runtime -- svc.service CPUQuota=20%",
        ),
        (
            2, {"path": f"/docker/{ID}", "managed_by": "docker"},
            f"docker update --cpu-period 100000 --cpu-quota 70000 -- {ID}",
            f"docker update --cpu-period 100000 --cpu-quota 20000 -- {ID}",
        ),
    ],
)  # fmt: skip
def test_the_quota_is_what_was_used_and_what_was_lacking(version, record, command, undo):
    capture = captured(
        {SVC: {**QUOTA, **record}}, samples=USED, cgroup_version=version, mounts={"cpu": "/sys/fs/cgroup/cpu"}
    )
    (step,) = steps_for("raise-cpu-quota", capture)
    assert isinstance(step, RaiseQuota)
    assert (step.commands, step.undo) == ((command,), (undo,))
    assert step.file == ("cpu.max" if version == 2 else "cpu.cfs_quota_us")
    assert (step.from_us, step.to_us, step.period_us) == (20_000, 70_000, 100_000)
    assert (step.basis, step.basis_cpus, step.throttled_cpus, step.throttled_seconds) == ("used", 0.2, 0.5, 2.0)


def test_a_quota_above_the_service_is_raised_by_what_was_lacking():
    (step,) = steps_for("raise-cpu-quota", captured({10: QUOTA}, samples=USED, cgroup_version=2))
    assert isinstance(step, RaiseQuota)
    assert (step.cgroup, step.basis, step.basis_cpus, step.to_us) == ("/dg", "quota", 0.2, 70_000)
    assert step.commands == ("echo '70000 100000' > /sys/fs/cgroup/dg/cpu.max",)


def test_a_quota_that_was_not_read_is_shown_how_to_read():
    (step,) = steps_for("raise-cpu-quota", captured(samples=USED, cgroup_version=2))
    commands = ("grep -H . /sys/fs/cgroup/dg/svc/cpu.max", "grep -H . /sys/fs/cgroup/dg/cpu.max")
    assert step == ShowQuota(commands=commands)
