"""The weight that reaches a competitor's, at the level at which it and the service meet."""

from __future__ import annotations

import pytest

from diagnose.capture.model import CgroupRecord
from diagnose.recommend.steps.weight import Competitor, RaiseWeight, ShowWeight
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import BATCH, captured, steps_for

SECOND = 1_000_000
ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"
USED = {
    (SVC, "cpu_usage_us"): [0, SECOND // 5, 2 * SECOND // 5, 3 * SECOND // 5, 4 * SECOND // 5],
    (SVC, "cpu_throttled_us"): [0, SECOND // 2, SECOND, 3 * SECOND // 2, 2 * SECOND],
    (BATCH, "cpu_usage_us"): [0, SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND],
}


def test_the_weight_becomes_that_of_the_competitor() -> None:
    capture = captured({SVC: {"cpu_weight": 100}, BATCH: {"cpu_weight": 1000}}, samples=USED, cgroup_version=2)
    assert steps_for("raise-cpu-weight", capture) == [
        RaiseWeight(
            cgroup="/dg/svc",
            setting="cpu.weight",
            from_weight=100,
            to_weight=1000,
            holds_service=False,
            against=Competitor("/dg/batch", 1.0, "/dg/batch", 1000, has_cpu_cgroup=True),
            commands=("echo 1000 > /sys/fs/cgroup/dg/svc/cpu.weight",),
            undo=("echo 100 > /sys/fs/cgroup/dg/svc/cpu.weight",),
        )
    ]


@pytest.mark.parametrize(("weight", "value", "beside"), [(300, 300, "/else"), (None, 200, None)])
def test_the_largest_user_further_up_is_met_at_the_level_at_which_it_competes(
    weight: int | None, value: int, beside: str | None
) -> None:
    used = {**USED, (30, "cpu_usage_us"): [0, 3 * SECOND // 2, 3 * SECOND, 9 * SECOND // 2, 6 * SECOND]}
    weights = {SVC: {"cpu_weight": 100}, BATCH: {"cpu_weight": 1000}, 10: {"cpu_weight": 100}}
    capture = captured(weights, samples=used, cgroup_version=2)
    outside = CgroupRecord(id=30, path="/else", cpu_weight=weight)
    above, own = steps_for("raise-cpu-weight", capture.model_copy(update={"cgroups": [*capture.cgroups, outside]}))
    assert isinstance(above, RaiseWeight)
    assert isinstance(own, RaiseWeight)
    assert [(step.cgroup, step.holds_service) for step in (above, own)] == [("/dg", True), ("/dg/svc", False)]
    assert (above.to_weight, above.against) == (value, Competitor("/else", 1.5, beside, weight, has_cpu_cgroup=True))
    assert above.commands == (f"echo {value} > /sys/fs/cgroup/dg/cpu.weight",)
    assert above.undo == ("echo 100 > /sys/fs/cgroup/dg/cpu.weight",)


def test_on_v1_a_competitor_may_have_no_cpu_cgroup_of_its_own() -> None:
    records = {SVC: {"cpu_weight": 1024, "beside": {"cpu": "/dg/svc"}}, BATCH: {}}
    capture = captured(records, samples=USED, cgroup_version=1, mounts={"cpu": "/sys/fs/cgroup/cpu"})
    (step,) = steps_for("raise-cpu-weight", capture)
    assert isinstance(step, RaiseWeight)
    assert step.against == Competitor("/dg/batch", 1.0, None, None, has_cpu_cgroup=False)
    assert (step.setting, step.to_weight) == ("cpu.shares", 2048)


@pytest.mark.parametrize(
    ("version", "record", "command"),
    [
        (
            2,
            {"path": "/system.slice/svc.service", "managed_by": "systemd"},
            "systemctl set-property --runtime -- svc.service CPUWeight=200",
        ),
        (
            1,
            {"path": "/system.slice/svc.service", "managed_by": "systemd"},
            "systemctl set-property --runtime -- svc.service CPUShares=200",
        ),
        (1, {"path": f"/docker/{ID}", "managed_by": "docker"}, f"docker update --cpu-shares 200 -- {ID}"),
        (1, {"beside": {"cpu": "/c/svc"}}, "echo 200 > /sys/fs/cgroup/cpu/c/svc/cpu.shares"),
    ],
)
def test_the_weight_is_set_for_the_way_the_cgroup_is_managed(
    version: int, record: dict[str, str], command: str
) -> None:
    capture = captured(
        {SVC: {"cpu_weight": 100, **record}}, cgroup_version=version, mounts={"cpu": "/sys/fs/cgroup/cpu"}
    )
    (step,) = steps_for("raise-cpu-weight", capture)
    assert step.commands == (command,)


def test_without_a_competitor_s_weight_the_service_s_own_is_doubled() -> None:
    (step,) = steps_for("raise-cpu-weight", captured({SVC: {"cpu_weight": 100}}, cgroup_version=2))
    assert isinstance(step, RaiseWeight)
    assert (step.to_weight, step.against) == (200, None)
    (step,) = steps_for("raise-cpu-weight", captured({SVC: {"cpu_weight": 9_000}}, cgroup_version=2))
    assert isinstance(step, RaiseWeight)
    assert step.to_weight == 10_000, "the kernel takes no more"
    unread = steps_for("raise-cpu-weight", captured(cgroup_version=2))
    assert unread == [ShowWeight(commands=("grep -H . /sys/fs/cgroup/dg/svc/cpu.weight",))]
