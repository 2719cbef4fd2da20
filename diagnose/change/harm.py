"""Whether anybody is harmed while a limit comes down: OOM kills, and time stalled for memory.

Stated bounds: one OOM kill in the changed cgroup or in the service is one too many. Pressure is the share of the last
second, or pause if that is longer, in which everything runnable in a cgroup stood still for memory (PSI "full"); it
harms from `PRESSURE_BOUND` on, if it also exceeds by `PRESSURE_RISE` what it was before the first step. Where a cgroup
has no pressure file (v1), the host's own stands for all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from diagnose.cgroups import read_memory
from diagnose.cgroups.files import keyed, pressure, read
from diagnose.change.machine import Machine

PRESSURE_BOUND = 0.40
PRESSURE_RISE = 0.20
POLL_SECONDS = 0.2
PRESSURE_SECONDS = 1.0
"""So long a stretch is judged at least, over several pauses if they are shorter: a moment's stall is no harm."""


@dataclass(frozen=True)
class Killed:
    """The kernel killed in a cgroup for want of memory."""

    cgroup: str
    kills: int


@dataclass(frozen=True)
class Stalled:
    """A cgroup (None: the host) stood still for memory."""

    cgroup: str | None
    share: float
    """Of the last seconds."""
    usual_share: float
    """Of the minute before the change."""


@dataclass(frozen=True)
class Stopped:
    """Somebody asked to stop (a signal)."""


Harm = Killed | Stalled | Stopped


@dataclass(frozen=True)
class Vitals:
    """Counters at one moment, by cgroup. `stalled_us`: full memory pressure, that of the host under None."""

    at: float
    kills: dict[str, int]
    stalled_us: dict[str | None, int]
    usage_bytes: int | None


class HarmWatch:
    """Watches `target`, which is changed, and `others` (the service); cgroups are paths."""

    def __init__(
        self, machine: Machine, target: str, others: tuple[str, ...], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._machine, self._clock, self._target = machine, clock, target
        self._cgroups = tuple(dict.fromkeys((target, *others)))
        self._first = self._read()
        self._seen = [self._first]
        self._baseline = self._usual()

    def pause(self, seconds: float) -> Harm | None:
        """Wait; return why to stop, None to go on."""
        self._seen.append(self._read())
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            if self._machine.wait(min(left, POLL_SECONDS)):
                return Stopped()
            if (harm := self._killed(self._read())) is not None:
                return harm
        end = self._read()
        return self._killed(end) or self._stalled(end, max(seconds, PRESSURE_SECONDS))

    def usage(self) -> int | None:
        return self._read().usage_bytes

    def _killed(self, now: Vitals) -> Killed | None:
        for cgroup, kills in now.kills.items():
            more = kills - self._first.kills.get(cgroup, kills)
            if more > 0:
                return Killed(cgroup, more)
        return None

    def _stalled(self, end: Vitals, seconds: float) -> Stalled | None:
        start = next((seen for seen in reversed(self._seen) if end.at - seen.at >= seconds), None)
        if start is None:
            return None  # too early to tell
        passed = end.at - start.at
        for whose, total in end.stalled_us.items():
            share = (total - start.stalled_us.get(whose, total)) / 1e6 / passed if passed > 0 else 0.0
            usual = self._baseline.get(whose, 0.0)
            if share >= PRESSURE_BOUND and share >= usual + PRESSURE_RISE:
                return Stalled(whose, share, usual)
        return None

    def _read(self) -> Vitals:
        kills: dict[str, int] = {}
        stalled: dict[str | None, int] = {}
        usage = None
        for cgroup in self._cgroups:
            sample = read_memory(self._machine.hierarchy, cgroup)
            if (full := sample["psi_memory_full_us"]) is not None:
                stalled[cgroup] = full
            if (count := self._kills(cgroup, sample["oom_kills"])) is not None:
                kills[cgroup] = count
            usage = sample["usage_bytes"] if cgroup == self._target else usage
        if len(stalled) < len(self._cgroups):
            full = pressure(read(self._machine.hierarchy.proc, "pressure/memory")).get("full")
            stalled |= {None: full} if full is not None else {}
        return Vitals(self._clock(), kills, stalled, usage)

    def _kills(self, cgroup: str, own: int | None) -> int | None:
        """Return the OOM kills in a subtree: v2 counts them so, v1 counts each cgroup's own."""
        hierarchy = self._machine.hierarchy
        if hierarchy.version == 2:
            return own
        counts = [keyed(read(hierarchy.directory(path), "memory.oom_control")) for _, path in hierarchy.walk(cgroup)]
        known = [c["oom_kill"] for c in counts if "oom_kill" in c]
        return sum(known) if known else None

    def _usual(self) -> dict[str | None, float]:
        """Return the kernel's own mean share of the last minute ("avg60"), that of the host under None."""
        hierarchy = self._machine.hierarchy
        found: dict[str | None, float] = {None: _average(read(hierarchy.proc, "pressure/memory"))}
        if hierarchy.version == 2:
            found |= {c: _average(read(hierarchy.directory(c), "memory.pressure")) for c in self._cgroups}
        return found


def _average(text: str) -> float:
    for line in text.splitlines():
        kind, *fields = line.split(" ")
        values = dict(field.partition("=")[::2] for field in fields)
        if kind == "full" and values.get("avg60", "").replace(".", "", 1).isdigit():
            return float(values["avg60"]) / 100
    return 0.0
