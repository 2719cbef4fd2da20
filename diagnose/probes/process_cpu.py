"""CPU time of the processes of cgroups, out of /proc/<pid>/stat: for cgroups whose own CPU time cannot be read.

On v1 a memory cgroup has a counterpart in the cpuacct hierarchy only where somebody made one. Read twice, at the start
and at the end of a capture (proc(5): utime and stime, in clock ticks, so to 10 ms as a rule).

Misses  processes that ended during the capture, and threads' children that were not waited for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _STARTED = 11, 12, 19
"""Of the fields after the command name, which may hold blanks and brackets: 14, 15 and 22 of the line."""

Identity = tuple[int, int]
"""A pid and the time it started: a pid that is used again is another process."""


class ProcessCpu:
    """CPU time used since this was made, by cgroup."""

    def __init__(self, proc: Path, members: Iterable[list[int]]) -> None:
        """Look at every process of `members`, lists of pids."""
        self._proc = proc
        self._began = float((proc / "uptime").read_text().split()[0]) * 1_000_000 / _TICK_US
        self._at_first: dict[Identity, int] = {}
        for pids in members:
            self._at_first.update(self._times(pids))

    def used_us(self, pids: Iterable[int]) -> int:
        """Return the CPU time in µs that these processes used since; of those started since, all of it.

        Whoever was there before and was not looked at then is left out: what it used since is not known.
        """
        known = {
            who: now - self._at_first.get(who, 0)
            for who, now in self._times(pids).items()
            if who in self._at_first or who[1] >= self._began
        }
        return sum(max(0, used) for used in known.values())

    def _times(self, pids: Iterable[int]) -> dict[Identity, int]:
        times: dict[Identity, int] = {}
        for pid in pids:
            try:
                fields = (self._proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
                times[pid, int(fields[_STARTED])] = (int(fields[_UTIME]) + int(fields[_STIME])) * _TICK_US
            except (OSError, ValueError, IndexError):
                continue  # it has ended
        return times
