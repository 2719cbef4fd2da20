"""Control groups, v1 and v2: where they are, what they hold, what they are called. The only importer of cgroupspy."""

from diagnose.cgroups.controllers import read_settings
from diagnose.cgroups.hierarchy import Hierarchy
from diagnose.cgroups.names import KnownNames
from diagnose.cgroups.naming import Manager, container_id, name_of, pod_uid, unit_of
from diagnose.cgroups.paths import is_within, printable, shown
from diagnose.cgroups.reading import (
    Sample,
    read_cache,
    read_cpu_quota,
    read_cpu_usage,
    read_cpu_weight,
    read_io_limits,
    read_memory,
)
from diagnose.cgroups.swap import container_update, swap_beside
from diagnose.cgroups.v1_hierarchies import settable, settable_mounts
from diagnose.cgroups.writing import OpenCgroup, number_of, opened, writable_settings

__all__ = [
    "Hierarchy",
    "KnownNames",
    "Manager",
    "OpenCgroup",
    "Sample",
    "container_id",
    "container_update",
    "is_within",
    "name_of",
    "number_of",
    "opened",
    "pod_uid",
    "printable",
    "read_cache",
    "read_cpu_quota",
    "read_cpu_usage",
    "read_cpu_weight",
    "read_io_limits",
    "read_memory",
    "read_settings",
    "settable",
    "settable_mounts",
    "shown",
    "swap_beside",
    "unit_of",
    "writable_settings",
]
