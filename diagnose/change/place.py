"""Where a cgroup of a record is now: on v1 it may have been renamed since, and its settings went with it."""

from __future__ import annotations

from diagnose.cgroups import Hierarchy


def place(hierarchy: Hierarchy, cgroup: str, cgroup_id: int) -> str | None:
    """Return the path of the cgroup with this id, whatever it is called now; None: it is gone."""
    if hierarchy.exists(cgroup) and hierarchy.id_of(cgroup) == cgroup_id:
        return cgroup
    if hierarchy.version == 2:  # has no rename(2)
        return None
    return next((path for found, path in hierarchy.walk() if found == cgroup_id), None)
