"""One reading of a cgroup's memory, pressure and CPU: the same keys on every kernel, v1 and v2, for its subtree.

A file or key that this kernel lacks gives None, never 0. Counters are raw. cgroupspy is not used here: its Controller
opens the file again for each key and knows no v2 file, and this runs for every cgroup in every window.

key                      v2                                    v1
usage_bytes              memory.current                        memory.usage_in_bytes
peak_bytes               memory.peak (5.19)                    memory.max_usage_in_bytes
file_bytes               memory.stat file                      memory.stat total_cache (both with shmem)
anon_bytes               memory.stat anon                      memory.stat total_rss
kernel_bytes             memory.stat kernel (5.18), else the   memory.kmem.usage_in_bytes
                         sum of KERNEL_PARTS, a lower bound
unevictable_bytes        memory.stat unevictable               memory.stat total_unevictable
shmem_bytes              memory.stat shmem                     memory.stat total_shmem
mapped_file_bytes        memory.stat file_mapped               memory.stat total_mapped_file
dirty_bytes              memory.stat file_dirty                memory.stat total_dirty
writeback_bytes          memory.stat file_writeback            memory.stat total_writeback
active_file_bytes        memory.stat active_file               memory.stat total_active_file
inactive_file_bytes      memory.stat inactive_file             memory.stat total_inactive_file
refault_file_pages       memory.stat workingset_refault_file   memory.stat total_workingset_refault_file
                         (before 5.9 workingset_refault)
refault_anon_pages       memory.stat workingset_refault_anon   memory.stat total_workingset_refault_anon
reclaimed_pages          memory.stat pgsteal (its own pages    None: v1 does not count them by cgroup
                         that reclaim took)
swap_bytes               memory.swap.current                   memory.stat total_swap
major_faults             memory.stat pgmajfault                memory.stat total_pgmajfault
limit_hits               memory.events.local max (5.2; this    memory.failcnt (this cgroup's own limit)
                         cgroup's own limit; before that
                         memory.events, which counts those of
                         all below it too)
high_hits                memory.events.local high              None: v1 has no such limit
oom_kills                memory.events oom_kill                memory.oom_control oom_kill (this cgroup alone)
psi_*_us                 memory|io|cpu.pressure total          the same of the companion in the cgroup2 hierarchy
cpu_usage_us             cpu.stat usage_usec                   cpuacct.usage of the companion, from ns
cpu_throttled_us         cpu.stat throttled_usec               cpu.stat throttled_time of the companion, from ns
cpu_periods              cpu.stat nr_periods                   cpu.stat nr_periods of the companion
cpu_throttled_periods    cpu.stat nr_throttled                 cpu.stat nr_throttled of the companion

For "companion" see companions.py. Sources: cgroup-v2.rst, cgroup-v1/memory.rst, sched-bwc.rst, accounting/psi.rst.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from diagnose.cgroups.files import keyed, number, pressure, read
from diagnose.cgroups.hierarchy import Hierarchy
from diagnose.cgroups.mounts import UNIFIED
from diagnose.cgroups.v1_hierarchies import companion_directory, companions

Sample = dict[str, int | None]

V2_STAT = {
    "file_bytes": "file",
    "anon_bytes": "anon",
    "unevictable_bytes": "unevictable",
    "shmem_bytes": "shmem",
    "mapped_file_bytes": "file_mapped",
    "dirty_bytes": "file_dirty",
    "writeback_bytes": "file_writeback",
    "active_file_bytes": "active_file",
    "inactive_file_bytes": "inactive_file",
    "refault_anon_pages": "workingset_refault_anon",
    "reclaimed_pages": "pgsteal",
    "major_faults": "pgmajfault",
}
V1_STAT = {
    "file_bytes": "total_cache",
    "anon_bytes": "total_rss",
    "unevictable_bytes": "total_unevictable",
    "shmem_bytes": "total_shmem",
    "mapped_file_bytes": "total_mapped_file",
    "dirty_bytes": "total_dirty",
    "writeback_bytes": "total_writeback",
    "active_file_bytes": "total_active_file",
    "inactive_file_bytes": "total_inactive_file",
    "refault_file_pages": "total_workingset_refault_file",
    "refault_anon_pages": "total_workingset_refault_anon",
    "swap_bytes": "total_swap",
    "major_faults": "total_pgmajfault",
}
KERNEL_PARTS = ("slab", "kernel_stack", "pagetables", "percpu", "sock")
CPU_STAT = {
    "cpu_usage_us": "usage_usec",
    "cpu_throttled_us": "throttled_usec",
    "cpu_periods": "nr_periods",
    "cpu_throttled_periods": "nr_throttled",
}


def read_memory(hierarchy: Hierarchy, cgroup: str) -> Sample:
    """Read `cgroup` once; the keys are those of the module's table, all of them None if it is gone.

    Raises UsageError for a path that can be no cgroup.
    """
    directory = hierarchy.directory(cgroup)
    if hierarchy.version == 2:
        return {**_memory_v2(directory), **_pressure(directory), **_cpu_v2(directory)}
    beside = companions(hierarchy, cgroup)
    return {
        **_memory_v1(directory),
        **_pressure(beside.get(UNIFIED)),
        **_cpu_v1(beside.get("cpu"), beside.get("cpuacct")),
    }


def keys() -> frozenset[str]:
    """Return the keys of the module's table: those of the readers, asked about a directory that holds nothing."""
    nowhere = Path("/dev/null")
    return frozenset({**_memory_v2(nowhere), **_memory_v1(nowhere), **_pressure(None), **_cpu_v1(None, None)})


def read_cpu_quota(hierarchy: Hierarchy, cgroup: str) -> tuple[int | None, int | None]:
    """Return (quota, period) of the CPU time of `cgroup` in µs: (None, period) without a quota, (None, None) unread."""
    if hierarchy.version == 2:
        quota, _, period = read(hierarchy.directory(cgroup), "cpu.max").partition(" ")  # "max 100000"
        return number(quota), number(period)
    cpu = companions(hierarchy, cgroup).get("cpu")
    if cpu is None:
        return None, None
    return number(read(cpu, "cpu.cfs_quota_us")), number(read(cpu, "cpu.cfs_period_us"))  # -1: none


def read_cpu_weight(hierarchy: Hierarchy, cgroup: str) -> int | None:
    """Return what bears on the CPU time of `cgroup` where there is not enough: cpu.weight, on v1 cpu.shares."""
    if hierarchy.version == 2:
        return number(read(hierarchy.directory(cgroup), "cpu.weight"))
    cpu = companions(hierarchy, cgroup).get("cpu")
    return None if cpu is None else number(read(cpu, "cpu.shares"))


IO_LIMITS_V1 = {
    "rbps": "blkio.throttle.read_bps_device",
    "wbps": "blkio.throttle.write_bps_device",
    "riops": "blkio.throttle.read_iops_device",
    "wiops": "blkio.throttle.write_iops_device",
}
"""The words of io.max on v2, and the files for them on v1."""


def read_io_limits(hierarchy: Hierarchy, cgroup: str, blkio: str | None = None) -> dict[str, dict[str, int]]:
    """Return what devices may do for `cgroup` in a second, by word of io.max and device; `blkio`: its path on v1."""
    limits: dict[str, dict[str, int]] = {}
    if hierarchy.version == 2:
        for line in read(hierarchy.directory(cgroup), "io.max").split("\n"):  # "8:16 rbps=2097152 riops=max"
            device, *fields = line.split(" ")
            for field in fields:
                name, _, value = field.partition("=")
                if name in IO_LIMITS_V1 and (allowed := number(value)) is not None:
                    limits.setdefault(name, {})[device] = allowed
    elif blkio is not None and (directory := companion_directory(hierarchy, "blkio", blkio)) is not None:
        for name, file in IO_LIMITS_V1.items():
            if allowed_by := keyed(read(directory, file)):  # "7:0 40"
                limits[name] = allowed_by
    return limits


def read_cpu_usage(hierarchy: Hierarchy, cgroup: str) -> int | None:
    """Read only the CPU time of `cgroup`, in µs."""
    if hierarchy.version == 2:
        return _cpu_v2(hierarchy.directory(cgroup)).get("cpu_usage_us")
    return _cpu_v1(None, companions(hierarchy, cgroup).get("cpuacct")).get("cpu_usage_us")


def read_cache(hierarchy: Hierarchy, cgroup: str) -> tuple[int | None, int | None]:
    """Read only (usage_bytes, file_bytes), for lists of many cgroups."""
    directory = hierarchy.directory(cgroup)
    usage, key = ("memory.current", "file") if hierarchy.version == 2 else ("memory.usage_in_bytes", "total_cache")
    return number(read(directory, usage)), keyed(read(directory, "memory.stat")).get(key)


def _memory_v2(directory: Path) -> Sample:
    stat, events = keyed(read(directory, "memory.stat")), keyed(read(directory, "memory.events"))
    own = keyed(read(directory, "memory.events.local")) or events  # since 5.2 (commit 1e577f970f66)
    return {
        **_pick(stat, V2_STAT),
        "usage_bytes": number(read(directory, "memory.current")),
        "peak_bytes": number(read(directory, "memory.peak")),
        "kernel_bytes": _kernel(stat),
        # until 5.9 only file pages could refault, under the name without a suffix (commit 170b04b7ae49)
        "refault_file_pages": stat.get("workingset_refault_file", stat.get("workingset_refault")),
        "swap_bytes": number(read(directory, "memory.swap.current")),
        "limit_hits": own.get("max"),
        "high_hits": own.get("high"),
        "oom_kills": events.get("oom_kill"),
    }


def _memory_v1(directory: Path) -> Sample:
    return {
        **_pick(keyed(read(directory, "memory.stat")), V1_STAT),
        "usage_bytes": number(read(directory, "memory.usage_in_bytes")),
        "peak_bytes": number(read(directory, "memory.max_usage_in_bytes")),
        "kernel_bytes": number(read(directory, "memory.kmem.usage_in_bytes")),
        "limit_hits": number(read(directory, "memory.failcnt")),
        "high_hits": None,
        "reclaimed_pages": None,
        "oom_kills": keyed(read(directory, "memory.oom_control")).get("oom_kill"),
    }


def _kernel(stat: Mapping[str, int]) -> int | None:
    if "kernel" in stat:
        return stat["kernel"]
    # slab is there on every kernel that accounts kernel memory; without it the rest would pass for the whole
    return sum(stat.get(part, 0) for part in KERNEL_PARTS) if "slab" in stat else None


def _pressure(directory: Path | None) -> Sample:
    totals = {
        resource: pressure(read(directory, f"{resource}.pressure")) if directory else {}
        for resource in ("memory", "io", "cpu")
    }
    return {
        "psi_memory_some_us": totals["memory"].get("some"),
        "psi_memory_full_us": totals["memory"].get("full"),
        "psi_io_some_us": totals["io"].get("some"),
        "psi_io_full_us": totals["io"].get("full"),
        "psi_cpu_some_us": totals["cpu"].get("some"),
    }


def _cpu_v2(directory: Path) -> Sample:
    return _pick(keyed(read(directory, "cpu.stat")), CPU_STAT)


def _cpu_v1(cpu: Path | None, cpuacct: Path | None) -> Sample:
    stat = keyed(read(cpu, "cpu.stat")) if cpu else {}
    usage_ns = number(read(cpuacct, "cpuacct.usage")) if cpuacct else None
    throttled_ns = stat.get("throttled_time")
    return {
        "cpu_usage_us": None if usage_ns is None else usage_ns // 1000,
        "cpu_throttled_us": None if throttled_ns is None else throttled_ns // 1000,
        "cpu_periods": stat.get("nr_periods"),
        "cpu_throttled_periods": stat.get("nr_throttled"),
    }


def _pick(values: Mapping[str, int], keys: Mapping[str, str]) -> Sample:
    return {key: values.get(source) for key, source in keys.items()}
