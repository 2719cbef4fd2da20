"""Which CPUs the service may use: the commands are run, and are left out where all CPUs are short."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from diagnose.recommend.steps import Step
from diagnose.recommend.steps.which_cpus import FindIdleCpus
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import BATCH, captured, steps_for

SECOND = 1_000_000


def looked(mount: str = "/sys/fs/cgroup", used: int = 4 * SECOND, manager: str = "files") -> list[Step]:
    """Return the steps for a capture of 4 s on eight CPUs, in which some task waited for a CPU all the time."""
    readings = {(1, "cpu_usage_us"): [0, 0, 0, 0, used], (BATCH, "cpu_usage_us"): [0, 0, 0, 0, used]}
    capture = captured(
        {SVC: {"cpu_weight": 100, "managed_by": manager}, BATCH: {"cpu_weight": 900}},
        samples=readings,
        host={"pressure.cpu.some_us": [0, 0, 0, 0, 4 * SECOND]},
        cgroup_mount=mount,
        cgroup_version=2,
    )
    return steps_for("which-cpus", capture)


def test_it_is_told_how_long_a_cpu_was_idle_while_somebody_waited() -> None:
    (step,) = looked()
    assert isinstance(step, FindIdleCpus)
    assert (step.competitors, step.host_cpus, step.idle_share) == (("/dg/batch",), 8, 0.875)
    assert (step.managed_by, step.undo) == ("files", ())
    (managed,) = looked(manager="systemd")
    assert isinstance(managed, FindIdleCpus)
    assert managed.managed_by == "systemd"


def test_where_all_cpus_were_short_there_is_nothing_to_look_for() -> None:
    assert looked(used=30 * SECOND) == []


def test_threads_are_counted_by_the_cpus_that_they_may_use(tmp_path: Path) -> None:
    service, batch = tmp_path / "dg/svc/worker", tmp_path / "dg/batch"
    for place in (service, batch):
        place.mkdir(parents=True)
        (place / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (step,) = looked(str(tmp_path))
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (allowed,) = [line.split()[1] for line in status if line.startswith("Cpus_allowed_list")]
    for command in step.commands[:2]:
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)
        threads, name, cpus = done.stdout.splitlines()[0].split()
        assert (int(threads) >= 1, name, cpus) == (True, "Cpus_allowed_list:", allowed)
