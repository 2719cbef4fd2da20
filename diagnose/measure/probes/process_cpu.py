"""CPU time of the processes of cgroups, out of /proc/<pid>/stat: for cgroups whose own CPU time cannot be read.

On v1 a memory cgroup has a counterpart in the cpuacct hierarchy only where somebody made one. Read twice, at the start
and at the end of a capture (proc(5): utime and stime, in clock ticks, so to 10 ms as a rule).

Misses  processes that ended during the capture, and threads' children that were not waited for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from diagnose.cgroups.files import LIMIT, number, read

_TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _STARTED = 11, 12, 19
"""Of the fields after the command name, which may hold blanks and brackets: 14, 15 and 22 of the line."""

Identity = tuple[int, int]
"""A pid and the time it started: a pid that is used again is another process."""
_UPTIME = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


def uptime_seconds(proc: Path) -> float | None:
    """Return how long the host has been up (proc(5), uptime); None if that cannot be read."""
    found = _UPTIME.match(read(proc, "uptime"))
    return None if found is None else float(found[0])


class ProcessCpu:
    """CPU time used since this was made, by cgroup."""

    def __init__(self, proc: Path, members: Iterable[list[int]]) -> None:
        """Look at every process of `members`, lists of pids."""
        self._proc = proc
        up = uptime_seconds(proc)
        self._began = None if up is None else up * 1_000_000 / _TICK_US
        self._at_first: dict[Identity, int] = {}
        for pids in members:
            self._at_first.update(self._times(pids))

    def used_us(self, pids: Iterable[int]) -> int | None:
        """Return the CPU time in µs that these processes used since; of those started since, all of it.

        Whoever was there before and was not looked at then is left out: what it used since is not known. None: they
        say what no host can have used.
        """
        known = {
            who: now - self._at_first.get(who, 0)
            for who, now in self._times(pids).items()
            if who in self._at_first or (self._began is not None and who[1] >= self._began)
        }
        total = sum(max(0, used) for used in known.values())
        return total if total < LIMIT else None

    def _times(self, pids: Iterable[int]) -> dict[Identity, int]:
        times: dict[Identity, int] = {}
        for pid in pids:
            try:
                fields = (self._proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            started, user, system = (
                number(fields[place]) if len(fields) > _STARTED else None for place in (_STARTED, _UTIME, _STIME)
            )
            if started is not None and user is not None and system is not None:
                times[pid, started] = (user + system) * _TICK_US
        return times
