"""What may be applied, and every reason why not: nothing is written here, and nothing refused gets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.change.machine import Answer
from diagnose.change.managers import command_of
from diagnose.change.plan import ByKubelet, LeftOut, NoValue, plan
from diagnose.errors import UsageError
from tests.helpers.cgroup_trees import ID, POD
from tests.helpers.change_scene import MIB, V2_FILES, Scene, limit


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "host")


def planned(scene: Scene, *wanted, select=(), force=False, persistent=False, **changes):
    return plan(scene.report(*wanted, **changes), scene.machine, select, force, persistent)


def refused(scene: Scene, match: str, *wanted, **options) -> None:
    before = scene.snapshot()
    with pytest.raises(UsageError, match=match):
        planned(scene, *wanted, **options)
    assert scene.snapshot() == before


def test_a_plan_has_before_and_after_and_what_is_used_now(scene: Scene) -> None:
    (found,) = planned(scene, limit()).changes
    assert (found.change.before_bytes, found.change.after_bytes) == (None, 200 * MIB)
    assert found.change.because == "it evicts its pages"
    assert (found.now.usage_bytes, found.now.held_bytes) == (300 * MIB, 20 * MIB + 4096)
    assert len(found.change.steps_bytes) == 4
    assert found.change.steps_bytes[-1] == 200 * MIB


# ---------------------------------------------------------------- the host


def test_another_host_another_boot_another_version(scene: Scene) -> None:
    report, machine = scene.report(limit()), scene.machine
    for change, match in (
        ({"boot_id": "other", "hostname": "web9"}, "made on the host 'web9', and this is 'db1'"),
        ({"boot_id": "other"}, "before this host was last booted"),
        ({"hostname": None}, "does not say on which host"),
        ({"boot_id": None}, "does not say of which boot it is, since its host did not let that be read"),
    ):
        context = report.measurements.capture.model_copy(update=change)
        measurements = report.measurements.model_copy(update={"capture": context})
        with pytest.raises(UsageError, match=match):
            plan(report.model_copy(update={"measurements": measurements}), machine, (), False, False)
    old = report.model_copy(update={"capture": report.capture.model_copy(update={"cgroup_version": 1})})
    with pytest.raises(UsageError, match="cgroup v1"):
        plan(old, machine, (), False, False)


# ---------------------------------------------------------------- the cgroup


def test_a_value_that_somebody_changed(scene: Scene) -> None:
    scene.file("/dg/batch", "memory.high").write_text("1073741824\n")
    refused(scene, "is 1 GiB .* now and was no limit in the report: somebody changed it", limit())


def test_a_new_cgroup_of_the_same_name(scene: Scene) -> None:
    refused(scene, "removed and recreated", limit(), ids={"/dg/batch": 1})
    refused(scene, "does not say which cgroup", limit(), ids={})


def test_a_cgroup_that_is_gone(scene: Scene) -> None:
    refused(scene, "No such file", limit("/dg/gone"), ids={"/dg/gone": 5})


@pytest.mark.parametrize(
    "path", ["/", "", "dg/batch", "/dg//batch", "/dg/../etc", "/dg/./batch", "/dg/batch/", "/a\0b"]
)
def test_a_path_that_is_none(scene: Scene, path: str) -> None:
    refused(scene, "'\\.\\.'|NUL|not the path of a cgroup", limit(path), ids={path: 1})


def test_a_link_or_a_file_in_the_way(scene: Scene, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "memory.high").write_text("max\n")
    (scene.host.memory / "dg/link").symlink_to(outside)
    refused(scene, "symbolic link", limit("/dg/link"), ids={"/dg/link": outside.stat().st_ino})
    refused(scene, "is a file", limit("/dg/batch/memory.max"), ids={"/dg/batch/memory.max": 1})
    file = scene.file("/dg/batch", "memory.high")
    file.unlink()
    file.symlink_to(outside / "memory.high")
    refused(scene, "cannot be read", limit())


@pytest.mark.parametrize(
    "setting", ["cgroup.procs", "memory.limit_in_bytes", "../svc/memory.high", "", "memory.high\n"]
)
def test_a_setting_that_is_never_written(scene: Scene, setting: str) -> None:
    refused(scene, "is no memory setting of cgroup v2", limit(setting=setting))


@pytest.mark.parametrize("value", [-1, 2**70])
def test_a_value_that_is_none(scene: Scene, value: int) -> None:
    refused(scene, "is no size", limit(value=value))


def test_the_floor_is_measured_now(scene: Scene) -> None:
    assert planned(scene, limit(value=52 * MIB + 65536)).changes
    scene.file("/dg/batch", "memory.stat").write_text(f"anon {200 * MIB}\nslab 4096\n")
    refused(scene, "below the floor of '/dg/batch': it cannot give back 200 MiB .* now, with headroom 250 MiB", limit())
    assert planned(scene, limit(), force=True).changes
    scene.file("/dg/batch", "memory.stat").write_text("")
    refused(scene, "cannot be measured now", limit())
    assert planned(scene, limit("/dg/svc", "memory.low", 0)).changes, "protection has no floor"


# ---------------------------------------------------------------- selection


def test_what_has_no_value_is_left_out_and_said(scene: Scene) -> None:
    found = planned(scene, limit(value=None), limit("/dg/svc", "memory.low", 0))
    assert [p.number for p in found.changes] == [2]
    assert found.left_out == (LeftOut(1, NoValue("it evicts its pages")),)
    refused(scene, "recommendation 1 has no value", limit(value=None), select=(1,))


def test_selection(scene: Scene) -> None:
    two = limit(), limit("/dg/svc", "memory.low", 0)
    assert [p.number for p in planned(scene, *two, select=(2,)).changes] == [2]
    refused(scene, "no recommendation 3", *two, select=(3,))
    refused(scene, "no recommendation 0", *two, select=(0,))
    refused(scene, "recommends no change")
    refused(scene, "twice", limit(), limit())


# ---------------------------------------------------------------- who manages it


def systemd_says(control_group: str) -> Answer:
    return Answer(True, f"ControlGroup={control_group}\nMemoryHigh=infinity")


def test_a_unit_goes_through_systemd(scene: Scene) -> None:
    cgroup = "/system.slice/nightly.service"
    scene.host.cgroup(cgroup, **V2_FILES)
    assert planned(scene, limit(cgroup)).changes[0].change.manager == "files", "systemd does not run this host"
    (scene.host.root / "run/systemd/system").mkdir(parents=True)
    scene.answer = lambda command: systemd_says(cgroup)
    found = planned(scene, limit(cgroup))
    assert (found.changes[0].change.manager, found.changes[0].change.manager_before) == ("systemd", "infinity")
    change, value = found.changes[0].change, f"MemoryHigh={200 * MIB}"
    lasting = ["systemctl", "set-property", "--", "nightly.service", value]
    assert command_of(change, 200 * MIB, persistent=True) == lasting
    assert command_of(change, 200 * MIB, persistent=False) == [*lasting[:2], "--runtime", *lasting[2:]]
    assert scene.commands[-1] == [
        "systemctl", "show", "--property=ControlGroup,MemoryHigh", "--", "nightly.service"
    ]  # fmt: skip
    scene.answer = lambda command: Answer(True, f"ControlGroup={cgroup}\nMemoryHigh={8 * MIB}")
    refused(scene, "somebody wrote past systemd", limit(cgroup))
    scene.answer = lambda command: systemd_says("/other.slice/nightly.service")
    refused(scene, "systemd says that 'nightly.service' is in", limit(cgroup))


@pytest.mark.parametrize(
    ("path", "tool"), [(f"/docker/{ID}", "docker"), (f"/machine.slice/libpod-{ID}.scope", "podman")]
)
def test_a_container_goes_through_its_runtime(scene: Scene, path: str, tool: str) -> None:
    scene.host.cgroup(path, **V2_FILES)
    found = planned(scene, limit(path, "memory.max"))
    assert command_of(found.changes[0].change, 200 * MIB, False) == [
        tool,
        "update",
        "--memory",
        f"{200 * MIB}",
        "--",
        ID,
    ]
    by_file = planned(scene, limit(path, "memory.high"))
    assert by_file.changes[0].change.manager == "files"
    assert by_file.changes[0].way.unsupported_by == tool


@pytest.mark.parametrize(("allowed", "both"), [("max", "-1"), ("0", str(200 * MIB)), (str(9 * MIB), str(209 * MIB))])
def test_a_container_may_swap_as_much_as_before_the_change(scene: Scene, allowed: str, both: str) -> None:
    path = f"/docker/{ID}"
    scene.host.cgroup(path, **V2_FILES, memory__swap__max=f"{allowed}\n")
    found = planned(scene, limit(path, "memory.max"))
    words = command_of(found.changes[0].change, 200 * MIB, False)
    assert words == ["docker", "update", "--memory", f"{200 * MIB}", "--memory-swap", both, "--", ID]


def test_a_limit_that_the_kernel_would_refuse_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1")
    scene.file("/dg/batch", "memory.memsw.limit_in_bytes").write_text(f"{150 * MIB}\n")
    scene.file("/dg/batch", "memory.limit_in_bytes").write_text(f"{150 * MIB}\n")
    wanted = limit("/dg/batch", "memory.limit_in_bytes", 150 * MIB, 200 * MIB)
    refused(scene, r"above memory.memsw.limit_in_bytes of '/dg/batch', 150 MiB .*raise the other one first", wanted)
    scene.file("/dg/batch", "memory.memsw.limit_in_bytes").write_text(f"{200 * MIB}\n")
    assert len(planned(scene, wanted).changes) == 1


def test_kubernetes_gets_a_patch_and_no_change(scene: Scene) -> None:
    pod = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD.replace('-', '_')}.slice"
    path = f"{pod}/cri-containerd-{ID}.scope"
    scene.host.cgroup(path, **V2_FILES)
    (scene.host.root / f"var/log/pods/shop_checkout-7d_{POD}").mkdir(parents=True)
    scene.host.write(f"var/log/containers/checkout-7d_shop_app-{ID}.log", "")
    found = planned(scene, limit(path, "memory.max"))
    assert not found.changes
    (left,) = found.left_out
    assert isinstance(left.why, ByKubelet)
    assert "kubectl patch pod --namespace=shop --subresource=resize" in left.why.patch
    assert left.why.patch.endswith("-- checkout-7d")
    assert '"name": "app"' in left.why.patch
    assert str(200 * MIB) in left.why.patch
    assert scene.commands == []


def test_persistent_is_for_managers_that_keep_it(scene: Scene) -> None:
    refused(scene, "--persistent: .* lasts as long as the cgroup", limit(), persistent=True)
