"""On v1: where the processes of a memory cgroup are in the other hierarchies (cpu, cpuacct, the cgroup2 one).

Every v1 hierarchy has paths of its own, so the place is looked up through a member process. A cgroup that also holds
other processes would answer for them too: it is no companion, and what it says stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from diagnose.cgroups.hierarchy import Hierarchy, below, is_folder
from diagnose.cgroups.mounts import UNIFIED, read_mounts, read_proc_cgroup
from diagnose.cgroups.paths import is_within, printable
from diagnose.errors import DiagnoseError

CONTROLLERS = ("cpu", "cpuacct", UNIFIED)
SETTABLE = ("cpu", "blkio")
SYSTEMD = "name=systemd"
"""systemd's own hierarchy on v1; a hybrid host may use the cgroup2 one instead."""


def companions(hierarchy: Hierarchy, cgroup: str) -> dict[str, Path]:
    """Return the directory that stands for exactly the processes of `cgroup`, by controller; absent where none does."""
    places = _places(hierarchy)
    if cgroup == "/":
        return {controller: place.mount for controller, place in places.items() if controller in CONTROLLERS}
    try:
        found = _counterparts(hierarchy, cgroup, CONTROLLERS)
        return {controller: places[controller].directory(path) for controller, path in found.items()}
    except DiagnoseError:
        return {}  # the processes may not be listed: unknown, like any file that cannot be read


def settable(hierarchy: Hierarchy, cgroup: str) -> dict[str, str]:
    """Return, on v1, the path that stands for exactly the processes of `cgroup` where CPU and I/O are limited."""
    try:
        return {} if hierarchy.version == 2 or cgroup == "/" else _counterparts(hierarchy, cgroup, SETTABLE)
    except DiagnoseError:
        return {}


def settable_mounts(hierarchy: Hierarchy) -> dict[str, str]:
    """Return, on v1, where the hierarchies are mounted in which CPU and I/O are limited."""
    if hierarchy.version == 2:
        return {}
    return {c: printable(str(place.mount)) for c, place in _places(hierarchy).items() if c in SETTABLE}


def companion_directory(hierarchy: Hierarchy, controller: str, path: str) -> Path | None:
    """Return the directory of `path` in another hierarchy; None where that is not mounted."""
    place = _places(hierarchy).get(controller)
    return None if place is None else place.directory(path)


def _counterparts(hierarchy: Hierarchy, cgroup: str, controllers: Iterable[str]) -> dict[str, str]:
    places, member, found = _places(hierarchy), _member(hierarchy, cgroup), {}
    for controller in controllers:
        path = _counterpart(member, controller, cgroup)
        place = places.get(controller)
        if place and path and _same_processes(hierarchy, cgroup, place, controller, path):
            found[controller] = path
    return found


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
    for controller in (*CONTROLLERS, "blkio", SYSTEMD):
        for mount in mounts:
            if mount.carries(controller) and is_folder(point := below(hierarchy.root, mount)):
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
