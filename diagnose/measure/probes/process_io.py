"""I/O of the processes of cgroups, out of /proc/<pid>/io: for hosts that refuse BPF.

Yields, as counters that begin at 0 with the capture: `io_read_bytes` (what the processes made devices read; readahead,
page faults and direct reads included), `io_written_bytes` (pages made dirty, and direct writes). See proc(5), "io".

Misses  what a process does between the last reading and its end; kernel threads (writeback) act in nobody's name.
Needs   CONFIG_TASK_IO_ACCOUNTING, and to be root or the owner of the processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from diagnose.cgroups.files import LIMIT, number
from diagnose.measure.probes.process_cpu import uptime_seconds

KEYS = {"read_bytes": "io_read_bytes", "write_bytes": "io_written_bytes"}
Counts = dict[str, int]
_TICKS = os.sysconf("SC_CLK_TCK")
_STARTED = 19  # of the fields after the command name: field 22, starttime, in clock ticks since boot


class ProcessIo:
    """Sums by cgroup. A process is known by its pid and the time it started, so that a reused pid is a new process."""

    def __init__(self, proc: Path) -> None:
        self._proc = proc
        self._began: float | None = None
        self._seen: dict[tuple[int, int], Counts] = {}
        self._sums: dict[str, Counts] = {}
        self._refused: set[str] = set()
        """Cgroups with a process whose I/O may not be read: they have no sum."""

    def update(self, members: Iterable[tuple[str, list[int]]]) -> None:
        """Read every process of each (cgroup, pids) once and add what it did since; the first time, nothing."""
        alive: dict[tuple[int, int], Counts] = {}
        for cgroup, pids in members:
            sums = self._sums.setdefault(cgroup, dict.fromkeys(KEYS, 0))
            for pid in pids:
                try:
                    identity, now = self._identity(pid), self._counters(pid)
                except PermissionError:
                    self._refused.add(cgroup)
                    continue
                except OSError:
                    continue  # it has ended
                if identity is None or now is None:
                    self._refused.add(cgroup)
                    continue
                before = self._seen.get(identity) or self._at_first(identity, now)
                for key in KEYS:
                    sums[key] += max(0, now[key] - before[key])
                alive[identity] = now
        self._seen = alive
        if self._began is None:
            self._began = uptime_seconds(self._proc)

    def of(self, cgroups: Iterable[str]) -> dict[str, int | None]:
        """Return the sums of some cgroups together; None where a process of theirs could not be read."""
        wanted = list(cgroups)
        known = not self._refused.intersection(wanted)
        sums = {name: sum(self._sums[c][key] for c in wanted if c in self._sums) for key, name in KEYS.items()}
        return {name: value if known and value < LIMIT else None for name, value in sums.items()}

    def _at_first(self, identity: tuple[int, int], now: Counts) -> Counts:
        """Return what counts as "before" for a process seen for the first time: 0 if it was born in the capture."""
        born_in_the_capture = self._began is not None and identity[1] / _TICKS >= self._began
        return dict.fromkeys(KEYS, 0) if born_in_the_capture else now

    def _identity(self, pid: int) -> tuple[int, int] | None:
        """Return the pid and the time of the start; None for what is no stat file of proc(5)."""
        fields = (self._proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        started = number(fields[_STARTED].decode("ascii", "replace")) if len(fields) > _STARTED else None
        return None if started is None else (pid, started)

    def _counters(self, pid: int) -> Counts | None:
        lines = (self._proc / str(pid) / "io").read_text("ascii", "replace").split("\n")
        read_as = {name: number(value) for name, _, value in (line.partition(": ") for line in lines)}
        values = {key: value for key in KEYS if (value := read_as.get(key)) is not None}
        return values if len(values) == len(KEYS) else None
