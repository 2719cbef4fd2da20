"""Paths in /proc/PID/cgroup, told from the hierarchy that is mounted here rather than from this cgroup namespace.

Inside a container the kernel writes paths relative to the root of the reader's cgroup namespace (cgroup_namespaces(7)):
"/" is that root, "/../x" lies beside it. Where the host's hierarchy is mounted in the container, mountinfo gives the
mount's root in the same way, "/../..". What that leaves open, the names on the way down to the namespace's root, this
process tells: the directory whose cgroup.procs lists it.

example: namespace root /kubepods/podX, mount root "/../..", own path "/"; "/../podY" is /kubepods/podY.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


def translated(path: str, mount_root: str, namespace_root: Callable[[int], str | None]) -> str | None:
    """Return `path` of /proc/PID/cgroup as a path below the mount; None: it lies outside, or cannot be told.

    `namespace_root` returns where the namespace's root is below the mount, given its depth there; asked only if needed.
    """
    up, down = _split(path)
    above, below = _split(mount_root)
    if not above:  # the mount begins at the namespace's root, or below it
        inside = not up and down[: len(below)] == below
        return "/" + "/".join(down[len(below) :]) if inside else None
    if below or up > above:
        return None  # a mount of something beside the namespace, or a process above all that is mounted
    if up == above:
        return "/" + "/".join(down)
    root = namespace_root(above)
    if root is None:
        return None
    kept = _parts(root)[: above - up]
    return "/" + "/".join([*kept, *down])


def root_from_own(own: str, depth: int, holders: Iterable[str]) -> str | None:
    """Return the namespace's root below the mount, from the cgroups that list this process.

    `own`: this process's path in /proc/self/cgroup; `depth`: of the namespace's root below the mount.
    """
    up, down = _split(own)
    if up:
        return None  # this process was moved out of its namespace's root; it says nothing about what lies below
    for holder in holders:
        parts = _parts(holder)
        if len(parts) == depth + len(down) and parts[depth:] == down:
            return "/" + "/".join(parts[:depth])
    return None


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _split(path: str) -> tuple[int, list[str]]:
    """Return how many levels a path goes up, and what it goes down from there."""
    parts = _parts(path)
    up = 0
    while up < len(parts) and parts[up] == "..":
        up += 1
    return up, parts[up:]
