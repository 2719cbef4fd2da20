"""The lab against the kernel: evictions that really happen, and nothing left behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy
from diagnose.errors import CannotMeasureError, UsageError
from diagnose.lab import SCENARIOS, Scenario, Workload, bench, folder, groups, running
from diagnose.lab.names import PREFIX, own_name, owner_is_gone
from diagnose.lab.programs import PROGRAMS

GONE_PID = 2**22  # the kernel's highest possible pid is one less (PID_MAX_LIMIT)
MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:20 / /tmp rw - tmpfs tmpfs rw
24 22 0:21 / /mnt/with\\040space rw - xfs /dev/vdb rw
25 22 0:22 / /tmp/deep rw master:3 - btrfs /dev/vdc rw
"""


@dataclass(frozen=True)
class FakeHierarchy:
    mount: Path
    version: int

    def directory(self, cgroup: str) -> Path:
        return self.mount / cgroup.lstrip("/")


def refaults(directory: Path) -> int:
    """Return the cgroup's `workingset_refault_file`, in pages."""
    pairs = dict(line.split() for line in (directory / "memory.stat").read_text().splitlines())
    return int(pairs["workingset_refault_file"])


def times_at_limit(directory: Path) -> int:
    """Return how often the cgroup's usage ran into its hard limit."""
    events = directory / "memory.events"
    if not events.exists():
        return int((directory / "memory.failcnt").read_text())
    return int(dict(line.split() for line in events.read_text().splitlines())["max"])


def leftovers(pid: int) -> list[Path]:
    """Return what the lab of process `pid` has lying around."""
    places = [Hierarchy.discover().mount, *folder.candidates()]
    names = (f"{PREFIX}{pid}", f"{PREFIX}{pid}-*")
    return [path for place in places for name in names for path in place.glob(name)]


# ---------------------------------------------------------------- without a kernel


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/tmp", "tmpfs"),
        ("/tmp/a", "tmpfs"),
        ("/tmpfoo", "ext4"),
        ("/mnt/with space/x", "xfs"),
        ("/tmp/deep/x", "btrfs"),
    ],
)
def test_file_system_type_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert folder.file_system_type(Path(path), MOUNTS) == kind


def test_mounts_with_names_that_are_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(b"strange\n30 1 8:1 / /mnt/caf\xe9 rw - vfat /dev/sda rw\n" + MOUNTS.encode())
    monkeypatch.setattr(folder, "MOUNTS", table)
    monkeypatch.setattr(folder, "candidates", lambda: [tmp_path])
    monkeypatch.setattr(folder, "DISK_TYPES", {folder.file_system_type(tmp_path, MOUNTS)})
    assert folder.choose(1) == tmp_path


def test_no_disk_is_an_error_that_lists_what_was_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(folder, "candidates", lambda: [tmp_path, tmp_path / "none"])
    monkeypatch.setattr(folder, "DISK_TYPES", frozenset[str]())
    with pytest.raises(CannotMeasureError, match=r"not a disk.*none: not a writable folder.*TMPDIR"):
        folder.choose(1)


def test_too_small_a_disk_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(folder, "candidates", lambda: [tmp_path])
    monkeypatch.setattr(folder, "file_system_type", lambda path, mounts: "ext4")
    with pytest.raises(CannotMeasureError, match="MiB free"):
        folder.choose(1 << 60)


def test_owners_are_told_by_name() -> None:
    assert owner_is_gone(f"{PREFIX}{GONE_PID}")
    assert owner_is_gone(f"{PREFIX}{GONE_PID}-abc")
    assert not owner_is_gone(f"{PREFIX}1-abc")
    assert not owner_is_gone("diagnose-demo-")
    assert not owner_is_gone(f"other-{GONE_PID}")


def test_stale_folders_go_and_others_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(folder, "candidates", lambda: [tmp_path])
    stale, living, linked = (tmp_path / f"{PREFIX}{name}" for name in (f"{GONE_PID}-a", "1-a", f"{GONE_PID}-b"))
    for made in (stale, living):
        made.mkdir()
        (made / "service.data").write_bytes(b"x")
    linked.symlink_to(living)
    said: list[str] = []
    folder.remove_stale(said.append)
    assert sorted(tmp_path.iterdir()) == sorted([living, linked])
    assert len(said) == 1


def test_scenarios_are_consistent() -> None:
    for name, scenario in SCENARIOS.items():
        roles = [workload.role for workload in scenario.workloads]
        assert name == scenario.name
        assert "service" in roles
        assert len(set(roles)) == len(roles)
        jobs = {role.split("/")[0] for role in roles}
        assert scenario.culprit is None or scenario.culprit in jobs
        assert {workload.program for workload in scenario.workloads} <= set(PROGRAMS)


def test_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="noisy-neighbour"), running("nonesuch", 1, print):
        pass


@pytest.mark.parametrize("duration", [20, 30, 120])
def test_at_least_four_bursts_fit(duration: float) -> None:
    rhythm = bench._rhythm(duration)
    assert 4 * sum(rhythm.values()) <= duration


def test_v2_controller_is_disabled_again_when_set_up_fails(tmp_path: Path) -> None:
    """A cgroup of that name is there already: what was enabled for it is undone, and it is left alone."""
    (tmp_path / "x").mkdir()
    control = tmp_path / "cgroup.subtree_control"
    control.write_text("cpu io")
    fake = FakeHierarchy(tmp_path, 2)
    with (
        pytest.raises(CannotMeasureError, match="diagnose doctor"),
        groups.cgroups(fake, "/x", 1 << 20, {"service": None}, print),
    ):
        pass
    assert control.read_text() == "-memory"
    assert (tmp_path / "x").is_dir()


# ---------------------------------------------------------------- with one


@pytest.mark.kernel
def test_noisy_neighbour_evicts_and_leaves_nothing() -> None:
    with running("noisy-neighbour", 20, print) as lab:
        service = Hierarchy.discover().directory(lab.service)
        before = refaults(service)
        time.sleep(12)
        truth, refaulted = lab.truth(), refaults(service) - before
        assert lab.alive()
        assert lab.culprit == f"{lab.parent}/batch"
        assert leftovers(os.getpid())
    assert refaulted >= 200
    assert truth.device_read_bytes >= 4096 * 200
    assert truth.slow_reads >= 100
    assert truth.streamed_bytes
    assert leftovers(os.getpid()) == []


@pytest.mark.kernel
def test_healthy_never_meets_the_limit() -> None:
    """Refaults are not asserted to be 0: a host's proactive reclaim (DAMON) may take pages without any pressure."""
    with running("healthy", 20, print) as lab:
        parent = Hierarchy.discover().directory(lab.parent)
        before = times_at_limit(parent)
        time.sleep(8)
        truth = lab.truth()
        assert lab.alive()
        assert lab.culprit is None
        assert times_at_limit(parent) == before
    assert truth.reads > 1000
    assert truth.slow_reads < 0.03 * truth.reads
    assert leftovers(os.getpid()) == []


@pytest.mark.kernel
def test_an_exception_in_the_body_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), running("healthy", 20, print):
        raise ZeroDivisionError
    assert leftovers(os.getpid()) == []


@pytest.mark.kernel
def test_set_up_failing_half_way_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Workload("service", "point_reads", {"bytes": 1 << 20, "reads_per_second": 100}, 1 << 20)
    broken = Workload("batch", "stream", {"bytes_per_second": 1}, 0)
    scenario = Scenario("broken", "one workload lacks an option", "healthy", None, 64 << 20, (service, broken))
    monkeypatch.setitem(SCENARIOS, "broken", scenario)
    with (
        pytest.raises(CannotMeasureError, match=r"batch process ended.*KeyError: 'bytes'"),
        running("broken", 20, print),
    ):
        pass
    assert leftovers(os.getpid()) == []


@pytest.mark.kernel
def test_one_lab_at_a_time() -> None:
    with running("healthy", 20, print), pytest.raises(UsageError, match="already"), running("healthy", 20, print):
        pass


_DEMO = """
import sys, time
from diagnose.lab import running
with running("noisy-neighbour", 20, print) as lab:
    print("ready", flush=True)
    time.sleep(60)
"""


def started_demo(until: str) -> subprocess.Popen[str]:
    """Start a lab in a process of its own; return when it has printed `until`."""
    demo = subprocess.Popen([sys.executable, "-u", "-c", _DEMO], stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    for line in demo.stdout:
        if until in line:
            return demo
    raise AssertionError(f"the demo ended with status {demo.wait()}")


@pytest.mark.kernel
@pytest.mark.parametrize("until", ["writing", "ready"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_clean(number: signal.Signals, until: str) -> None:
    demo = started_demo(until)
    assert leftovers(demo.pid)
    demo.send_signal(number)
    demo.communicate(timeout=20)
    assert demo.returncode != 0
    assert leftovers(demo.pid) == []


@pytest.mark.kernel
def test_workloads_of_a_killed_lab_die_and_the_next_one_tidies_up() -> None:
    demo = started_demo("ready")
    hierarchy = Hierarchy.discover()
    processes = hierarchy.processes(f"/{PREFIX}{demo.pid}")
    assert len(processes) == 2
    demo.kill()
    demo.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{process.pid}").exists() for process in processes):
        assert time.monotonic() < deadline, "a workload outlives the lab"
        time.sleep(0.05)
    assert leftovers(demo.pid), "SIGKILL leaves files; the next lab has to remove them"
    with running("healthy", 20, print):
        assert leftovers(demo.pid) == []
    assert own_name() not in [path.name for path in hierarchy.mount.iterdir()]
