"""The quota and the weight that would have been enough, and how they are set where somebody manages them."""

from __future__ import annotations

import pytest

from diagnose.capture.model import CgroupRecord
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import BATCH, captured, steps_for

SECOND = 1_000_000
ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"
USED = {
    (SVC, "cpu_usage_us"): [0, SECOND // 5, 2 * SECOND // 5, 3 * SECOND // 5, 4 * SECOND // 5],
    (SVC, "cpu_throttled_us"): [0, SECOND // 2, SECOND, 3 * SECOND // 2, 2 * SECOND],
    (BATCH, "cpu_usage_us"): [0, SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND],
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
    assert (step.commands, step.undo) == ([command], [undo])
    assert "from 20,000 µs (0.2 CPUs) to 70,000 µs (0.7 CPUs)" in step.says
    assert "no longer held back" not in step.says, "an average says nothing of single periods"
    assert "in bursts, it is still held back in them" in step.says


def test_a_quota_above_the_service_is_raised_by_what_was_lacking():
    (step,) = steps_for("raise-cpu-quota", captured({10: QUOTA}, samples=USED, cgroup_version=2))
    assert step.commands == ["echo '70000 100000' > /sys/fs/cgroup/dg/cpu.max"]


def test_a_quota_that_was_not_read_is_shown_how_to_read():
    (step,) = steps_for("raise-cpu-quota", captured(samples=USED, cgroup_version=2))
    assert not step.undo
    assert step.commands == ["grep -H . /sys/fs/cgroup/dg/svc/cpu.max", "grep -H . /sys/fs/cgroup/dg/cpu.max"]


def test_the_weight_becomes_that_of_whoever_crowds_it():
    capture = captured({SVC: {"cpu_weight": 100}, BATCH: {"cpu_weight": 1000}}, samples=USED, cgroup_version=2)
    (step,) = steps_for("raise-cpu-weight", capture)
    raised = "raise cpu.weight of /dg/svc from 100 to 1,000"
    assert step.says == f"{raised}, against the 1,000 of /dg/batch, which used 1 CPU."
    assert step.commands == ["echo 1000 > /sys/fs/cgroup/dg/svc/cpu.weight"]
    assert step.undo == ["echo 100 > /sys/fs/cgroup/dg/svc/cpu.weight"]


def test_the_largest_user_further_up_is_met_at_the_level_at_which_it_competes():
    used = {**USED, (30, "cpu_usage_us"): [0, 3 * SECOND // 2, 3 * SECOND, 9 * SECOND // 2, 6 * SECOND]}
    weights = {SVC: {"cpu_weight": 100}, BATCH: {"cpu_weight": 1000}, 10: {"cpu_weight": 100}}
    capture = captured(weights, samples=used, cgroup_version=2)
    for weight, said in ((300, "to 300, against the 300 of /else, which used 1.5 CPUs."),
                         (None, "to 200: at that level it competes with /else, which used 1.5 CPUs and whose weight "
                                "was not read.")):  # fmt: skip
        outside = CgroupRecord(id=30, path="/else", cpu_weight=weight)
        two = steps_for("raise-cpu-weight", capture.model_copy(update={"cgroups": [*capture.cgroups, outside]}))
        raised = [step.says.split(" from ")[0] for step in two]
        assert raised == ["raise cpu.weight of /dg", "raise cpu.weight of /dg/svc"]
        assert two[0].says.endswith(said)
        assert two[0].commands == [f"echo {weight or 200} > /sys/fs/cgroup/dg/cpu.weight"]
        assert two[0].undo == ["echo 100 > /sys/fs/cgroup/dg/cpu.weight"]


def test_without_a_rivals_weight_the_services_own_is_doubled():
    (step,) = steps_for("raise-cpu-weight", captured({SVC: {"cpu_weight": 100}}, samples=USED, cgroup_version=2))
    assert step.commands == ["echo 200 > /sys/fs/cgroup/dg/svc/cpu.weight"]
    (step,) = steps_for("raise-cpu-weight", captured(samples=USED, cgroup_version=2))
    assert step.commands == ["grep -H . /sys/fs/cgroup/dg/svc/cpu.weight"]
    assert not step.undo
