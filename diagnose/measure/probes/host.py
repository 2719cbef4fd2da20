"""The host around the service: /proc/vmstat, /proc/meminfo and /proc/pressure.

Yields `Samples` with the columns "vmstat.<counter>" (events or pages, as the kernel counts them),
"meminfo.<field>_bytes" and "pressure.<resource>.<some|full>_us" (total stall time in microseconds); where block
requests cannot be traced also "disk.<name>.<counter>" of /proc/diskstats (requests, 512-byte sectors, milliseconds).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from diagnose.capture.model import ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.capture.tables import Samples
from diagnose.cgroups.files import LIMIT, keyed, number, pressure, read
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.run import Ending

VMSTAT = (
    "nr_anon_pages", "nr_dirty", "nr_writeback", "pgpgin", "pgpgout", "pswpin", "pswpout", "pgmajfault",
    "pgscan_kswapd", "pgscan_direct", "pgscan_khugepaged", "pgsteal_kswapd", "pgsteal_direct", "pgsteal_anon",
    "pgsteal_file", "pgsteal_proactive", "workingset_refault_file", "workingset_refault_anon", "allocstall_normal",
    "allocstall_movable", "allocstall_dma32", "drop_pagecache", "oom_kill",
)  # fmt: skip
MEMINFO = ("MemFree", "MemAvailable", "Cached", "AnonPages", "Slab")
RESOURCES = ("cpu", "io", "memory")
DISKSTATS = {
    "reads": 3,
    "read_sectors": 5,
    "read_ms": 6,
    "writes": 7,
    "written_sectors": 9,
    "write_ms": 10,
    "queued_ms": 13,
}
"""Position in a line of /proc/diskstats, from 0 (Documentation/admin-guide/iostats.rst); queued_ms: times in flight."""


def names() -> Iterator[str]:
    """Yield what the columns may be called, those of disks left out, and the groups that may be missing."""
    yield from (f"vmstat.{counter}" for counter in VMSTAT)
    yield from (f"meminfo.{field}_bytes" for field in MEMINFO)
    yield from (f"pressure.{resource}" for resource in RESOURCES)
    yield from (f"pressure.{resource}.{kind}_us" for resource in RESOURCES for kind in ("some", "full"))


class HostProbe(Probe):
    """vmstat and pressure of the whole host."""

    name = "host"
    fills = ("host_samples",)
    needs_bpf = False

    def __init__(self, proc: Path = Path("/proc"), disks: bool = False) -> None:
        self._proc, self._disks = proc, disks
        self._rows: list[tuple[int, dict[str, int]]] = []

    def attach(self, module: Module | None = None) -> ProbeRecord:
        """Say what this host offers; a kernel without PSI has no pressure columns."""
        if all((self._proc / "pressure" / r).exists() for r in RESOURCES):
            return ProbeRecord(probe=self.name, attached=True)
        return ProbeRecord.because(
            self.name,
            True,
            Reason(code="no-pressure"),
            how_to_enable="boot with psi=1 (kernel built with CONFIG_PSI=y)",
            missing=[f"pressure.{r}" for r in RESOURCES],
        )

    def begin(self) -> None:
        self.read(-1)

    def read(self, window: int, moved: Pages | None = None) -> None:
        disks = _diskstats(self._proc) if self._disks else {}
        self._rows.append((window, {**_vmstat(self._proc), **_meminfo(self._proc), **_pressure(self._proc), **disks}))

    def ended(self, ending: Ending) -> dict[str, Any]:
        return {"host_samples": self.samples(ending.windows)}

    def samples(self, windows: int) -> Samples:
        rows = [r for r in self._rows if r[0] < windows]
        columns = {k: [v.get(k) for _, v in rows] for k in sorted({key for _, values in rows for key in values})}
        idle = {k.rpartition(".")[0] for k, v in columns.items() if k.endswith(".queued_ms") and len(set(v)) == 1}
        kept: dict[str, Sequence[int | None]] = {k: v for k, v in columns.items() if k.rpartition(".")[0] not in idle}
        return Samples(window=[w for w, _ in rows], values=kept)


def _vmstat(proc: Path) -> dict[str, int]:
    return {f"vmstat.{key}": value for key, value in keyed(read(proc, "vmstat")).items() if key in VMSTAT}


def _meminfo(proc: Path) -> dict[str, int]:
    """Read "MemFree:  123 kB" (proc(5)); kB there are KiB."""
    values = {}
    for line in read(proc, "meminfo").split("\n"):
        field, _, size = line.partition(":")
        kib = number(size.removesuffix(" kB"))
        if field in MEMINFO and kib is not None and kib < LIMIT >> 10:
            values[f"meminfo.{field}_bytes"] = kib << 10
    return values


def _pressure(proc: Path) -> dict[str, int]:
    """Read the stalled time of the whole host; what is missing was said once, by attach()."""
    return {
        f"pressure.{resource}.{kind}_us": total
        for resource in RESOURCES
        for kind, total in pressure(read(proc / "pressure", resource)).items()
        if kind in ("some", "full")
    }


def _diskstats(proc: Path) -> dict[str, int]:
    """Read the whole devices of /proc/diskstats: "8 0 sda 123 …"; partitions are in their disk's counts."""
    values: dict[str, int] = {}
    for fields in (line.split() for line in read(proc, "diskstats").split("\n")):
        if len(fields) > max(DISKSTATS.values()) and _is_whole(proc, fields[2]):
            found = {f"disk.{fields[2]}.{key}": number(fields[place]) for key, place in DISKSTATS.items()}
            values |= {key: value for key, value in found.items() if value is not None}
    return values


def _is_whole(proc: Path, device: str) -> bool:
    # not Path.exists(), which raises where a name is no file's; in sysfs "!" stands for the "/" of a name
    return os.path.exists(proc.parent / "sys/block" / device.replace("/", "!"))  # noqa: PTH110
