"""The memory settings of a cgroup, through cgroupspy: its v1 controller as it is, and a v2 one made of its parts.

cgroupspy 0.2.3 knows v1 only, and its Tree(groups=…) creates cgroups that do not exist. Only its Node (a name and a
path), Controller and file descriptors are used, and every descriptor here is read-only.
"""

from __future__ import annotations

import os

from cgroupspy.controllers import Controller, MemoryController
from cgroupspy.interfaces import IntegerFile
from cgroupspy.nodes import Node

from diagnose.cgroups.files import LIMIT
from diagnose.cgroups.hierarchy import Hierarchy

# v1 shows "no limit" as PAGE_COUNTER_MAX pages, the largest multiple of the page size in a long (before 3.19
# ULLONG_MAX); 2 MiB is the largest page there is
_UNLIMITED = 2**63 - 2**21


class LimitFile(IntegerFile):  # type: ignore[misc]
    """A v1 limit in bytes; None for the kernel's "unlimited"."""

    readonly = True

    def sanitize_get(self, value: str) -> int | None:
        limit: int | None = super().sanitize_get(value)
        return None if limit is None or limit >= _UNLIMITED else limit


class BytesOrMaxFile(IntegerFile):  # type: ignore[misc]
    """A v2 setting in bytes; None for "max"."""

    readonly = True

    def sanitize_get(self, value: str) -> int | None:
        return None if value == "max" else int(value)


class MemoryV1(MemoryController):  # type: ignore[misc]
    limit_in_bytes = LimitFile("memory.limit_in_bytes")
    soft_limit_in_bytes = LimitFile("memory.soft_limit_in_bytes")
    memsw_limit_in_bytes = LimitFile("memory.memsw.limit_in_bytes")


class MemoryV2(Controller):  # type: ignore[misc]
    min = BytesOrMaxFile("memory.min")
    low = BytesOrMaxFile("memory.low")
    high = BytesOrMaxFile("memory.high")
    max = BytesOrMaxFile("memory.max")
    swap_max = BytesOrMaxFile("memory.swap.max")


_ATTRIBUTES = {
    1: (
        MemoryV1,
        {
            "memory.limit_in_bytes": "limit_in_bytes",
            "memory.soft_limit_in_bytes": "soft_limit_in_bytes",
            "memory.memsw.limit_in_bytes": "memsw_limit_in_bytes",
        },
    ),
    2: (
        MemoryV2,
        {
            "memory.min": "min",
            "memory.low": "low",
            "memory.high": "high",
            "memory.max": "max",
            "memory.swap.max": "swap_max",
        },
    ),
}


def read_settings(hierarchy: Hierarchy, cgroup: str) -> dict[str, int | None]:
    """Return the memory settings of `cgroup` in bytes by the kernel's file name; None: no limit.

    A file that is missing or cannot be read is absent. Mind that for memory.min and memory.low 0 is the kernel's
    default, no protection, and None is "max", all of it. Raises UsageError for a path that can be no cgroup.
    """
    kind, attributes = _ATTRIBUTES[hierarchy.version]
    controller = kind(Node(os.fsencode(hierarchy.directory(cgroup))))
    settings: dict[str, int | None] = {}
    for setting, attribute in attributes.items():
        try:
            value = getattr(controller, attribute)
        except (OSError, ValueError):
            continue
        if value is None or 0 <= value < LIMIT:
            settings[setting] = value
    return settings
