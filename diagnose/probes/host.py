"""The host around the service: /proc/vmstat, /proc/meminfo and /proc/pressure.

Yields `Samples` with the columns "vmstat.<counter>" (events or pages, as the kernel counts them),
"meminfo.<field>_bytes" and "pressure.<resource>.<some|full>_us" (total stall time in microseconds).
"""

from __future__ import annotations

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


class HostProbe:
    """vmstat and pressure of the whole host."""

    name = "host"

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
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
        self._rows.append((window, {**_vmstat(self._proc), **_meminfo(self._proc), **_pressure(self._proc)}))

    def samples(self, windows: int) -> Samples:
        rows = [r for r in self._rows if r[0] < windows]
        keys = sorted({key for _, values in rows for key in values})
        return Samples(window=[w for w, _ in rows], values={k: [v.get(k) for _, v in rows] for k in keys})


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
