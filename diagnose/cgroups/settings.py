"""The memory settings of a cgroup: what each one does, and through whom it is changed (pure).

One table, which sizing, commands, `apply` and the report read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.cgroups.naming import Manager, container_id, unit_of


@dataclass(frozen=True)
class Setting:
    """A file of the memory controller (cgroup-v2.rst, cgroup-v1/memory.rst)."""

    name: str
    version: Literal[1, 2]
    limits: bool
    """It takes memory away; the others protect, or are no more than a hint (the v1 soft limit)."""
    none: str
    """What is written into the file where there shall be no limit, or no protection."""
    systemd_property: str | None = None
    """systemd.resource-control(5); MemoryLimit= is the v1 one."""
    of_containers: bool = False
    """Whether `docker update --memory`, `podman update --memory` and a pod's resources.limits set it."""


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("memory.max", 2, True, "max", "MemoryMax", of_containers=True),
        Setting("memory.high", 2, True, "max", "MemoryHigh"),
        Setting("memory.low", 2, False, "0", "MemoryLow"),
        Setting("memory.min", 2, False, "0", "MemoryMin"),
        Setting("memory.limit_in_bytes", 1, True, "-1", "MemoryLimit", of_containers=True),
        Setting("memory.soft_limit_in_bytes", 1, False, "-1"),
    )
}
LIMIT_SETTINGS = tuple(name for name, setting in SETTINGS.items() if setting.limits)


def set_through(path: str, manager: Manager, setting: str) -> Manager:
    """Return who is asked to change a setting of a cgroup that `manager` manages; "files": nobody, it is written.

    A manager keeps its own idea of the settings that it knows, and undoes what is written past it. "kubernetes": the
    limit stands in the pod's spec.
    """
    known = SETTINGS.get(setting)
    if manager == "systemd" and known is not None and known.systemd_property and unit_of(path) is not None:
        return manager
    if known is None or not known.of_containers or manager in ("systemd", "files"):
        return "files"
    return manager if manager == "kubernetes" or container_id(path) is not None else "files"
