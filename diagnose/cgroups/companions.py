"""On v1: where the processes of a memory cgroup are in the other hierarchies (cpu, cpuacct, the cgroup2 one).

Every v1 hierarchy has paths of its own, so the place is looked up through a member process. A cgroup that also holds
other processes would answer for them too: it is no companion, and what it says stays unknown.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from diagnose.cgroups.hierarchy import Hierarchy, below
from diagnose.cgroups.mounts import UNIFIED, read_mounts, read_proc_cgroup
from diagnose.cgroups.paths import is_within
from diagnose.errors import DiagnoseError

CONTROLLERS = ("cpu", "cpuacct", UNIFIED)
SYSTEMD = "name=systemd"
"""systemd's own hierarchy on v1; a hybrid host may use the cgroup2 one instead."""


def companions(hierarchy: Hierarchy, cgroup: str) -> dict[str, Path]:
    """Return the directory that stands for exactly the processes of `cgroup`, by controller; absent where none does."""
    places = _places(hierarchy)
    if cgroup == "/":
        return {controller: place.mount for controller, place in places.items() if controller in CONTROLLERS}
    try:
        member = _member(hierarchy, cgroup)
        found = {}
        for controller in CONTROLLERS:
            path = _counterpart(member, controller, cgroup)
            place = places.get(controller)
            if place and path and _same_processes(hierarchy, cgroup, place, controller, path):
                found[controller] = place.directory(path)
        return found
    except DiagnoseError:
        return {}  # the processes may not be listed: unknown, like any file that cannot be read


def systemd_pids(hierarchy: Hierarchy, control_group: str) -> set[int]:
    """Return the processes of a unit, by its path in the hierarchy that systemd itself uses on a v1 host."""
    for controller in (SYSTEMD, UNIFIED):
        place = _places(hierarchy).get(controller)
        if place is not None and place.exists(control_group):
            return {pid for _, path in place.walk(control_group) for pid in place.pids(path)}
    return set()


@lru_cache(maxsize=8)
def _places(hierarchy: Hierarchy) -> dict[str, Hierarchy]:
    # cached: mounts do not move during a capture, and this is asked once per cgroup and window
    try:
        mounts = read_mounts(hierarchy.proc)
    except OSError:
        return {}
    found: dict[str, Hierarchy] = {}
    for controller in (*CONTROLLERS, SYSTEMD):
        for mount in mounts:
            if mount.carries(controller) and (point := below(hierarchy.root, mount)).is_dir():
                found.setdefault(controller, Hierarchy(hierarchy.version, point, hierarchy.proc, mount.root))
    return found


def _member(hierarchy: Hierarchy, cgroup: str) -> dict[str, str]:
    """Return the paths, by controller, of the first process found in the subtree; none if nothing lives there."""
    for _, path in hierarchy.walk(cgroup):
        for pid in hierarchy.pids(path):
            try:
                return _paths(hierarchy, pid)
            except OSError:
                continue
    return {}


def _paths(hierarchy: Hierarchy, pid: int) -> dict[str, str]:
    """Return where a process is by controller, as paths below the mounts; raises OSError if it is gone or hidden."""
    places = {**_places(hierarchy), "memory": hierarchy}
    return {
        controller: told
        for controller, path in read_proc_cgroup(hierarchy.proc, pid).items()
        if controller in places and (told := places[controller].below_mount(path, controller)) is not None
    }


def _counterpart(member: dict[str, str], controller: str, cgroup: str) -> str | None:
    """Return the path that corresponds to `cgroup`, of which the member may live in a descendant."""
    memory, other = member.get("memory"), member.get(controller)
    if memory is None or other is None or not is_within(memory, cgroup):
        return None
    deeper = memory.removeprefix(cgroup)
    if not other.endswith(deeper):
        return None
    path = other.removesuffix(deeper)
    return path if path not in ("", "/") else None


def _same_processes(hierarchy: Hierarchy, cgroup: str, place: Hierarchy, controller: str, path: str) -> bool:
    if path == cgroup:
        return True  # systemd, docker and podman make the same path everywhere
    ours = {pid for _, inner in hierarchy.walk(cgroup) for pid in hierarchy.pids(inner)}
    theirs = {pid for _, inner in place.walk(path) for pid in place.pids(inner)}
    # a process born between the two readings is in one set only: ask where it lives
    return all(_lives(hierarchy, pid, "memory", cgroup) for pid in theirs - ours) and all(
        _lives(hierarchy, pid, controller, path) for pid in ours - theirs
    )


def _lives(hierarchy: Hierarchy, pid: int, controller: str, top: str) -> bool:
    try:
        return is_within(_paths(hierarchy, pid).get(controller, "/"), top)
    except OSError:
        return True  # gone: it is in neither
