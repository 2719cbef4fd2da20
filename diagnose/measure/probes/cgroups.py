"""Memory of cgroups: bpf/cgroups.c for names, and the files of the memory controller.

Yields `CgroupSamples` and `CgroupRecord`. Read at every window: the service, its ancestors and whoever moves cache; not
every cgroup of a large host. The others are read once, at the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from diagnose.capture.model import CgroupRecord
from diagnose.capture.tables import CgroupSamples, Table
from diagnose.cgroups import (
    Hierarchy,
    KnownNames,
    is_within,
    name_of,
    read_cpu_quota,
    read_cpu_usage,
    read_cpu_weight,
    read_io_limits,
    read_memory,
    read_settings,
    settable,
)
from diagnose.errors import DiagnoseError, UsageError
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.maps import text
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.process_cpu import ProcessCpu
from diagnose.measure.probes.run import Ending, Run

_KEY = np.dtype([("id", "u8")])
_NAME = np.dtype([("path", "S256")])

CPU_TIME = "cpu_usage_us"
MAX_WATCHED = 64
"""Cgroups read at every window at most; the ones that moved most cache so far."""
MAX_FIRST_READ = 500
"""Cgroups read once at the start at most."""
MOVER_PAGES = 256
"""From this many pages moved on, a cgroup is watched (1 MiB of 4 KiB pages)."""
NAMES_SECONDS = 3.0
"""So long the end of a capture waits for container runtimes that were asked for names and have not answered."""


@dataclass(frozen=True)
class _Settings:
    """What is set on a cgroup, as it was first read."""

    memory: dict[str, int | None]
    quota: tuple[int | None, int | None]
    weight: int | None
    beside: dict[str, str]
    io: dict[str, dict[str, int]]

    @classmethod
    def read(cls, hierarchy: Hierarchy, path: str) -> _Settings:
        beside = settable(hierarchy, path)
        return cls(
            read_settings(hierarchy, path),
            read_cpu_quota(hierarchy, path),
            read_cpu_weight(hierarchy, path),
            beside,
            read_io_limits(hierarchy, path, beside.get("blkio")),
        )


_UNREAD = _Settings({}, (None, None), None, {}, {})


class CgroupsProbe(Probe):
    """Memory files of the cgroups that matter, and the names of all."""

    name = "cgroups"
    attachments = (Attachment("raw", "cgroup_mkdir", "on_mkdir", arguments=("cgroup", "char")),)

    fills = ("cgroups", "cgroup_samples")
    needs_bpf = False

    def __init__(self, hierarchy: Hierarchy, service: str, paths: dict[int, str] | None = None) -> None:
        """`paths`: where to note the path of every cgroup that is seen alive, by id."""
        self._hierarchy = hierarchy
        self._paths: dict[int, str] = {} if paths is None else paths
        self._paths.update(hierarchy.walk())
        self._names = KnownNames(hierarchy.root)
        self._names.learn_later(self._paths.values())
        self._ids = {path: cgroup for cgroup, path in self._paths.items()}
        self._fixed = [self._ids[p] for p in [service, *hierarchy.ancestors(service)] if p in self._ids]
        self._moved: dict[int, int] = {}
        self._rows: list[tuple[int, int, dict[str, int | None]]] = []
        self._settings: dict[int, _Settings] = {}
        self._processes: ProcessCpu | None = None

    @classmethod
    def of(cls, run: Run) -> Self:
        return cls(run.hierarchy, run.service.cgroup, run.paths)

    def begin(self) -> None:
        """Read everybody once, as the state before window 0."""
        # Those made between the first look and the attaching of the program that sees them being made.
        self._paths.update((cgroup, path) for cgroup, path in self._hierarchy.walk() if cgroup not in self._paths)
        for cgroup in [*self._fixed, *(c for c in self._paths if c not in self._fixed)][:MAX_FIRST_READ]:
            self._read(-1, cgroup)
        if any(values.get(CPU_TIME) is None for _, _, values in self._rows):
            read = [cgroup for _, cgroup, _ in self._rows]
            self._processes = ProcessCpu(self._hierarchy.proc, map(self._members, read))

    def _members(self, cgroup: int) -> list[int]:
        try:
            return self._hierarchy.pids(self._paths[cgroup])
        except (OSError, DiagnoseError):
            return []  # it is gone

    def drain(self, module: Module, finished: int) -> Pages:
        """Learn the names of cgroups that were made meanwhile."""
        keys, names = module.table("new_cgroups").read(_KEY, _NAME)
        for cgroup, path in zip(keys["id"].tolist(), names["path"].tolist(), strict=True):
            self._paths.setdefault(cgroup, text(path))
        # while they live: afterwards their runtime may not know them any more
        self._names.learn_later(self._paths[cgroup] for cgroup in keys["id"].tolist())
        return {}

    def read(self, window: int, moved: Pages) -> None:
        """Read the service, its ancestors and the movers as of the end of `window`."""
        for cgroup, count in moved.items():
            self._moved[cgroup] = self._moved.get(cgroup, 0) + count
        movers = sorted((c for c, pages in self._moved.items() if pages >= MOVER_PAGES), key=lambda c: -self._moved[c])
        for cgroup in dict.fromkeys([*self._fixed, *self._with_parents(movers[:MAX_WATCHED])]):
            self._read(window, cgroup)

    def end(self, window: int) -> None:
        """Read the CPU time of all that were read at the start: who crowds the CPUs may move no page at all."""
        last = {cgroup: values for w, cgroup, values in self._rows if w == window}
        first = {cgroup: values for w, cgroup, values in self._rows if w < 0}
        for cgroup, before in first.items():
            used = self._cpu_now(cgroup, before)
            if used is None:
                continue
            if cgroup not in last:
                self._rows.append((window, cgroup, {CPU_TIME: used}))
            elif last[cgroup].get(CPU_TIME) is None:
                last[cgroup][CPU_TIME] = used

    def _cpu_now(self, cgroup: int, before: dict[str, int | None]) -> int | None:
        """Return the CPU time of a cgroup, None if it is gone; of one that has no reading, that of its processes."""
        path = self._paths[cgroup]
        try:
            if not self._hierarchy.exists(path) or self._hierarchy.id_of(path) != cgroup:
                return None
            if before.get(CPU_TIME) is not None:
                return read_cpu_usage(self._hierarchy, path)
            before[CPU_TIME] = 0
            return self._processes.used_us(self._pids(path)) if self._processes else None
        except (OSError, DiagnoseError):
            return None

    def _pids(self, path: str) -> list[int]:
        """Return the processes of a cgroup and of those below it."""
        below = [c for c, p in self._paths.items() if is_within(p, path)]
        return [pid for c in below for pid in self._members(c)]

    def _with_parents(self, movers: list[int]) -> list[int]:
        """Add the cgroups above: a job's workers have a cgroup each, and the limit goes to the job."""
        ids = {path: cgroup for cgroup, path in self._paths.items()}
        above = [p for c in movers if c in self._paths for p in self._hierarchy.ancestors(self._paths[c])]
        return [*movers, *(ids[p] for p in above if p in ids)]

    def _read(self, window: int, cgroup: int) -> None:
        path = self._paths.get(cgroup)
        if path is None or not self._hierarchy.exists(path):
            return  # gone: no reading is made up for it
        try:
            values = self._values(path)
            settings = self._settings.get(cgroup) or _Settings.read(self._hierarchy, path)
            if self._hierarchy.id_of(path) != cgroup:
                return  # another cgroup of the same name (ids are not used again): its readings are not this one's
        except (OSError, UsageError):
            return  # removed between the look and the reading
        self._settings[cgroup] = settings
        self._rows.append((window, cgroup, values))

    def _values(self, path: str) -> dict[str, int | None]:
        return read_memory(self._hierarchy, path)

    def ended(self, ending: Ending) -> dict[str, Any]:
        seen = {c for table in ending.fields.values() if isinstance(table, Table) for c in table.cgroups()}
        return {"cgroups": self.records(seen), "cgroup_samples": self.samples(ending.windows)}

    def samples(self, windows: int) -> CgroupSamples:
        rows = [r for r in self._rows if r[0] < windows]
        keys = sorted({key for _, _, values in rows for key in values})
        return CgroupSamples(
            window=[w for w, _, _ in rows],
            cgroup=[c for _, c, _ in rows],
            values={key: [values.get(key) for _, _, values in rows] for key in keys},
        )

    def records(self, seen: set[int]) -> list[CgroupRecord]:
        """Return who is who for the cgroups that the capture speaks of; an id without a name is left out."""
        records = []
        spoken_of = sorted(seen | set(self._fixed) | {c for _, c, _ in self._rows})
        self._names.learn_later(self._paths[cgroup] for cgroup in spoken_of if cgroup in self._paths)
        self._names.finish(NAMES_SECONDS)
        for cgroup in spoken_of:
            if cgroup in self._paths:
                known = self._settings.get(cgroup, _UNREAD)
                records.append(
                    CgroupRecord(
                        id=cgroup,
                        path=self._paths[cgroup],
                        name=self._names.label(self._paths[cgroup]),
                        managed_by=name_of(self._paths[cgroup])[1],
                        settings=known.memory,
                        cpu_quota_us=known.quota[0],
                        cpu_period_us=known.quota[1],
                        cpu_weight=known.weight,
                        beside=known.beside,
                        io_limits=known.io,
                    )
                )
        return records
