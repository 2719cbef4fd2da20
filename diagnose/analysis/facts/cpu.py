"""Facts about CPU time: what the service used and would have used, its quota, and who else used how much (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.cgroups.paths import is_within
from diagnose.units import ratio

MOST_NAMED = 3
MEASURED_APART = 0.02
"""The readings of cgroups are not of one moment, so that they may add up to a little more than the CPUs."""
LEAST_UNASSIGNED = 0.1
"""CPUs: by less the readings of cgroups may differ from the host's, since they are of different moments."""
LEAST_CPUS = 0.01
"""A hundredth of a CPU: who used less crowds nobody."""
SOME_IDLE = 0.05
"""Of the capture: a CPU that ran no task so long, at least, while a task waited is no matter of rounding."""
ALL_BUSY = 0.9
"""Of the CPUs: where so much is used all of them are short."""


@dataclass(frozen=True)
class CpuQuota:
    """The service's CPU quota at the start, and what it used and lacked, in CPUs on average over the capture."""

    setting: Literal["cpu.max", "cpu.cfs_quota_us"]
    period_us: int | None
    """None: neither the quota nor its period was read."""
    quota_us: int | None
    """None: the service itself has none, so that it is that of a cgroup above."""
    used_cpus: float | None
    lacked_cpus: float | None
    """What would have let the throttled tasks run, as far as others leave it."""


@dataclass(frozen=True)
class CpuUser:
    """A cgroup, and how many CPUs it kept busy on average."""

    cgroup: str
    cpus: float


@dataclass(frozen=True)
class CpuUsers:
    """Who else used most CPU time, in CPUs on average over the capture. What was not read is None."""

    users: tuple[CpuUser, ...]
    """Those that used `LEAST_CPUS` or more, the most first."""
    others_read: bool
    """Whether the CPU time of any other cgroup was."""
    own_cpus: float | None
    all_cpus: float | None
    """What the whole host used."""
    unassigned_cpus: float | None
    """Of that: used in no other cgroup that was read."""
    host_cpus: int


@dataclass(frozen=True)
class CpuShortage:
    """Whether all CPUs of the host were short or only some. Some: a task waited while another CPU ran none."""

    short: Literal["all", "some", "not-measured"]
    host_cpus: int
    idle_beside_waiting_share: float | None = None
    """Of the capture, at least; where some are short."""


def _used(f: Facts, cgroup: int) -> float | None:
    """Return the CPUs that a cgroup kept busy, on average over the capture."""
    used_us = total(f.windows.increase(cgroup, "cpu_usage_us"))
    return None if used_us is None else used_us / 1e6 / f.windows.length


def cpus_by_path(f: Facts) -> dict[str, float]:
    """Return the CPUs kept busy under each path: a job that is recreated for each run has several cgroups."""
    used: dict[str, float] = {}
    for record in f.windows.capture.cgroups:
        if (cpus := _used(f, record.id)) is not None:
            used[record.path] = used.get(record.path, 0.0) + cpus
    return used


def lowest_of_others(f: Facts, least: float) -> dict[str, float]:
    """Return the CPUs of others that used `least` or more, by the path of cgroups with nobody such below them.

    A cgroup's time includes that of those below it. Others are neither the service nor what it lies in.
    """
    service = f.windows.capture.service.cgroup
    used = {
        path: cpus
        for path, cpus in cpus_by_path(f).items()
        if cpus >= least and not is_within(service, path) and not is_within(path, service)
    }
    return {p: cpus for p, cpus in used.items() if not any(q != p and is_within(q, p) for q in used)}


@fact("cpu.used", "CPUs", "number", "cgroups")
def used_cpus(f: Facts) -> float | None:
    """CPUs that the service kept busy on average (cpu.stat usage_usec)."""
    return _used(f, f.windows.capture.service.cgroup_id)


@fact("cpu.throttled_seconds", "s", "number", "cgroups")
def throttled_seconds(f: Facts) -> float | None:
    """Time the service was throttled, added up over the CPUs it was throttled on (cpu.stat throttled time)."""
    throttled_us = total(f.windows.increase(f.windows.capture.service.cgroup_id, "cpu_throttled_us"))
    return None if throttled_us is None else throttled_us / 1e6


@fact("cpu.quota", "", "text", "cgroups")
def quota(f: Facts) -> CpuQuota | None:
    """The service's CPU quota at the start, and what it used and lacked."""
    if not f.windows.probe_attached("cgroups"):
        return None
    service, lacked_seconds = f.windows.capture.service, f.number("cpu.throttled_seconds")
    record = next((c for c in f.windows.capture.cgroups if c.id == service.cgroup_id), None)
    return CpuQuota(
        setting="cpu.max" if f.windows.capture.cgroup_version == 2 else "cpu.cfs_quota_us",
        period_us=None if record is None else record.cpu_period_us,
        quota_us=None if record is None else record.cpu_quota_us,
        used_cpus=f.number("cpu.used"),
        lacked_cpus=ratio(lacked_seconds, f.windows.length),
    )


@fact("cpu.users", "", "text", "cgroups", scope="host")
def users(f: Facts) -> CpuUsers | None:
    """Who else used most CPU time, as far as it was read."""
    if not f.windows.probe_attached("cgroups"):
        return None
    used, cpus, own = lowest_of_others(f, LEAST_CPUS), f.windows.capture.host.cpus, f.number("cpu.used")
    named = _beside_each_other(sorted(used, key=lambda p: (-used[p], p)), used, cpus - (own or 0.0))
    return CpuUsers(
        users=tuple(CpuUser(path, used[path]) for path in named),
        others_read=bool(lowest_of_others(f, 0)),
        own_cpus=own,
        all_cpus=used_in_all(f),
        unassigned_cpus=_unassigned(f),
        host_cpus=cpus,
    )


def used_in_all(f: Facts) -> float | None:
    """Return the CPUs that the whole host kept busy with tasks, on average; None if that was not read."""
    return cpus_by_path(f).get("/")


def idle_beside_waiting(f: Facts) -> float | None:
    """Return the share of the capture, at least, in which a task waited for a CPU while another CPU ran none.

    All CPUs can have run tasks for no more of the time than what was used of them all. None: not measured.
    """
    waiting, used = f.number("host.cpu_pressure"), used_in_all(f)
    return None if waiting is None or used is None else max(0.0, waiting - used / f.windows.capture.host.cpus)


def all_short(f: Facts) -> bool:
    """Say whether nearly all CPU time of the host was used."""
    used = used_in_all(f)
    return used is not None and used >= ALL_BUSY * f.windows.capture.host.cpus


@fact("cpu.where", "", "text", "cgroups")
def shortage(f: Facts) -> CpuShortage | None:
    """Whether all CPUs were short or only some, as far as that was measured."""
    if not f.windows.probe_attached("cgroups"):
        return None
    cpus, beside = f.windows.capture.host.cpus, idle_beside_waiting(f)
    if all_short(f):
        return CpuShortage("all", cpus)
    if beside is None or beside < SOME_IDLE:
        return CpuShortage("not-measured", cpus)
    return CpuShortage("some", cpus, beside)


def _unassigned(f: Facts) -> float | None:
    """Return the CPUs that were used in no cgroup that was read, 0 below `LEAST_UNASSIGNED`; None: not known."""
    used = cpus_by_path(f)
    everything = used.pop("/", None)
    if everything is None:
        return None
    highest = [p for p in used if not any(q != p and is_within(p, q) for q in used)]
    rest = everything - sum(used[p] for p in highest)
    return rest if rest >= LEAST_UNASSIGNED else 0.0


def _beside_each_other(paths: list[str], used: dict[str, float], cpus: float) -> list[str]:
    """Return whose CPU time can have been used side by side, the most first.

    Where paths hide what lies in what (names that a capture was given instead of its own), one may hold another.
    """
    named: list[str] = []
    for path in paths:
        if len(named) < MOST_NAMED and sum(used[p] for p in named) + used[path] <= cpus * (1 + MEASURED_APART):
            named.append(path)
    return named or paths[:1]
