"""What some scenarios need beside memory limits: a CPU quota, a slow device, swap. Undone at the end, like all else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from diagnose.cgroups.commands import environment
from diagnose.cgroups.mounts import parse_mounts, unescape
from diagnose.errors import CannotMeasureError
from diagnose.lab.groups import MemoryHierarchy, Say, remove
from diagnose.lab.names import PREFIX, owner_is_gone
from diagnose.lab.workloads import Workload

PERIOD_US = 100_000
MOUNTS = Path("/proc/self/mounts")
SWAPS = Path("/proc/swaps")


@contextmanager
def controls(
    hierarchy: MemoryHierarchy, parent: str, workloads: Sequence[Workload], folder: Path, say: Say
) -> Iterator[dict[str, list[Path]]]:
    """Set quotas and throttles; yield the further cgroup directories that each role has to join. CannotMeasureError."""
    with ExitStack() as undo:
        joined: dict[str, list[Path]] = {workload.role: [] for workload in workloads}
        for workload in workloads:
            for controller, setting, value in _settings(workload, folder, hierarchy.version):
                try:
                    directory = _directory(hierarchy, controller, parent, workload.role, undo, say)
                    (directory / setting).write_text(value)
                except OSError as error:
                    raise CannotMeasureError(
                        f"the scenario needs the {controller} controller, and {error.filename} cannot be "
                        f"written ({error.strerror})"
                    ) from error
                if hierarchy.version == 1:
                    joined[workload.role].append(directory)
            if hierarchy.version == 1 and workload.role == "service" and workload.cpus is None:
                with suppress(CannotMeasureError, OSError):  # no more than a counter that says it was not throttled
                    joined[workload.role].append(_directory(hierarchy, "cpu", parent, workload.role, undo, say))
        yield joined


def _settings(workload: Workload, folder: Path, version: int) -> list[tuple[str, str, str]]:
    """Return (controller, file, value) of what a workload's cgroup gets, by the names of the hierarchy's version."""
    settings = []
    if workload.cpus is not None:
        quota = int(workload.cpus * PERIOD_US)
        settings += [("cpu", "cpu.cfs_quota_us", str(quota)) if version == 1 else ("cpu", "cpu.max", f"{quota} 100000")]
    if workload.cpu_weight is not None:
        shares = str(workload.cpu_weight * 1024 // 100)
        settings += [("cpu", "cpu.shares", shares) if version == 1 else ("cpu", "cpu.weight", str(workload.cpu_weight))]
    if workload.device_iops is not None:
        number = folder.stat().st_dev
        device = f"{os.major(number)}:{os.minor(number)}"
        if version == 1:
            settings += [("blkio", "blkio.throttle.read_iops_device", f"{device} {workload.device_iops}")]
        else:
            settings += [("io", "io.max", f"{device} riops={workload.device_iops}")]
    return settings


def _directory(hierarchy: MemoryHierarchy, controller: str, parent: str, role: str, undo: ExitStack, say: Say) -> Path:
    """Return the cgroup of a role that has the controller: on v1 one of the same path in the controller's hierarchy."""
    if hierarchy.version == 2:
        for level in (hierarchy.directory("/"), hierarchy.directory(parent)):
            control = level / "cgroup.subtree_control"
            if controller not in control.read_text().split():
                control.write_text(f"+{controller}")
                undo.callback(control.write_text, f"-{controller}")
        return hierarchy.directory(f"{parent}/{role}")
    mount = _mount(controller)
    for directory in (mount / parent.lstrip("/"), mount / parent.lstrip("/") / role):
        if not directory.is_dir():
            directory.mkdir()
            undo.callback(_removed, directory, say)
    return mount / parent.lstrip("/") / role


def _mount(controller: str) -> Path:
    for mount in parse_mounts(os.fsdecode(MOUNTS.read_bytes())):
        if mount.carries(controller):
            return Path(mount.point)
    raise CannotMeasureError(f"the scenario needs the {controller} controller, which is not mounted (v1)")


def _removed(directory: Path, say: Say) -> None:
    if not remove(directory):
        say(f"could not remove the cgroup {directory}: it still has processes; remove it with: rmdir {directory}")


# ---------------------------------------------------------------- swap


@contextmanager
def swap(folder: Path, size: int) -> Iterator[None]:
    """Give the host a swap file for as long as the scenario runs; nothing if `size` is 0. Raises CannotMeasureError."""
    if size == 0:
        yield
        return
    path = folder / "swap"
    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        os.posix_fallocate(file.fileno(), 0, size)
    _run("mkswap", str(path))
    _run("swapon", str(path))
    try:
        yield
    finally:
        _run("swapoff", str(path))


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    except FileNotFoundError as error:
        raise CannotMeasureError(f"the scenario needs {command[0]}, which is not installed") from error
    if done.returncode != 0:
        raise CannotMeasureError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")


# ---------------------------------------------------------------- leftovers


def remove_stale(say: Say) -> None:
    """Remove the controllers' cgroups of labs that were killed, and turn their swap off."""
    for line in os.fsdecode(SWAPS.read_bytes()).split("\n")[1:]:
        path = Path(unescape(line.partition(" ")[0]))
        if path.name == "swap" and path.parent.name.startswith(PREFIX) and owner_is_gone(path.parent.name):
            _run("swapoff", str(path))
            say(f"turned off the swap that an earlier demo left: {path}")
    for controller in ("cpu", "blkio"):
        try:
            mount = _mount(controller)
        except CannotMeasureError:
            continue  # v2: one hierarchy, tidied up elsewhere
        for top in sorted(mount.glob(f"{PREFIX}*")):
            if top.is_dir() and owner_is_gone(top.name) and all(remove(d) for d in _below(top)) and remove(top):
                say(f"removed what an earlier demo left: the cgroup {top}")


def _below(directory: Path) -> list[Path]:
    """Return the cgroups below one, the deepest first."""
    return sorted((Path(top, name) for top, names, _ in os.walk(directory) for name in names), reverse=True)
