"""The host around the service: /proc/vmstat, /proc/meminfo and /proc/pressure.

Yields `Samples` with the columns "vmstat.<counter>" (events or pages, as the kernel counts them),
"meminfo.<field>_bytes" and "pressure.<resource>.<some|full>_us" (total stall time in microseconds); where block
requests cannot be traced also "disk.<name>.<counter>" of /proc/diskstats (requests, 512-byte sectors, milliseconds).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diagnose.models import ProbeRecord, Samples

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


class HostProbe:
    """vmstat and pressure of the whole host."""

    name = "host"

    def __init__(self, proc: Path = Path("/proc"), disks: bool = False) -> None:
        self._proc, self._disks = proc, disks
        self._rows: list[tuple[int, dict[str, int]]] = []

    def attach(self) -> ProbeRecord:
        """Say what this host offers; a kernel without PSI has no pressure columns."""
        if all((self._proc / "pressure" / r).exists() for r in RESOURCES):
            return ProbeRecord(probe=self.name, attached=True)
        return ProbeRecord(
            probe=self.name,
            attached=True,
            reason="this kernel keeps no pressure stall information (/proc/pressure is absent)",
            how_to_enable="boot with psi=1 (kernel built with CONFIG_PSI=y)",
            missing=[f"pressure.{r}" for r in RESOURCES],
        )

    def read(self, window: int) -> None:
        disks = _diskstats(self._proc) if self._disks else {}
        self._rows.append((window, {**_vmstat(self._proc), **_meminfo(self._proc), **_pressure(self._proc), **disks}))

    def samples(self, windows: int) -> Samples:
        rows = [r for r in self._rows if r[0] < windows]
        columns = {k: [v.get(k) for _, v in rows] for k in sorted({key for _, values in rows for key in values})}
        idle = {k.rpartition(".")[0] for k, v in columns.items() if k.endswith(".queued_ms") and len(set(v)) == 1}
        kept: dict[str, Sequence[int | None]] = {k: v for k, v in columns.items() if k.rpartition(".")[0] not in idle}
        return Samples(window=[w for w, _ in rows], values=kept)


def _vmstat(proc: Path) -> dict[str, int]:
    try:
        lines = (proc / "vmstat").read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines)
    return {f"vmstat.{p[0]}": int(p[1]) for p in pairs if len(p) == 2 and p[0] in VMSTAT and p[1].isdigit()}


def _meminfo(proc: Path) -> dict[str, int]:
    """Read "MemFree:  123 kB" (proc(5)); kB there are KiB."""
    try:
        lines = (proc / "meminfo").read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.replace(":", "").split() for line in lines)
    return {f"meminfo.{p[0]}_bytes": int(p[1]) << 10 for p in pairs if p[0] in MEMINFO and p[1].isdigit()}


def _pressure(proc: Path) -> dict[str, int]:
    """Read "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234" (Documentation/accounting/psi.rst)."""
    values = {}
    for resource in RESOURCES:
        try:
            lines = (proc / "pressure" / resource).read_text().splitlines()
        except OSError:
            continue  # said once, by attach()
        for line in lines:
            kind, _, total = line.partition(" ")[0], *line.rpartition("total=")[1:]
            if kind in ("some", "full") and total.isdigit():
                values[f"pressure.{resource}.{kind}_us"] = int(total)
    return values


def _diskstats(proc: Path) -> dict[str, int]:
    """Read the whole devices of /proc/diskstats: "8 0 sda 123 …"; partitions are in their disk's counts."""
    try:
        lines = (proc / "diskstats").read_text().splitlines()
    except OSError:
        return {}
    values: dict[str, int] = {}
    for fields in (line.split() for line in lines):
        if len(fields) > max(DISKSTATS.values()) and (proc.parent / "sys/block" / fields[2].replace("/", "!")).exists():
            values |= {f"disk.{fields[2]}.{key}": int(fields[place]) for key, place in DISKSTATS.items()}
    return values
