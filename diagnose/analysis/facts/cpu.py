"""Facts about CPU time: what the service used and would have used, its quota, and who else used how much (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within

MOST_NAMED = 3
MEASURED_APART = 0.02
"""The readings of cgroups are not of one moment, so that they may add up to a little more than the CPUs."""
REST = 0.1
"""Less CPU time than this in no cgroup is told of nobody: the readings are of different moments."""
LEAST_CPUS = 0.01
"""A hundredth of a CPU: who used less crowds nobody."""
SOME_IDLE = 0.05
"""Of the capture: a CPU that ran no task so long, at least, while a task waited is no matter of rounding."""
ALL_BUSY = 0.9
"""Of the CPUs: where so much is used all of them are short."""


def _used(f: Facts, cgroup: int) -> float | None:
    """Return the CPUs that a cgroup kept busy, on average over the capture."""
    used_us = total(f.windows.increase(cgroup, "cpu_usage_us"))
    return None if used_us is None else used_us / 1e6 / f.windows.length


def cpus_by_path(f: Facts) -> dict[str, float]:
    """Return the CPUs that were kept busy under each path: a job that is made anew for each run has several cgroups."""
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
def quota(f: Facts) -> str | None:
    """The service's CPU quota at the start, and what it used and lacked."""
    if not f.windows.probe_attached("cgroups"):
        return None
    service = f.windows.capture.service
    record = next((c for c in f.windows.capture.cgroups if c.id == service.cgroup_id), None)
    lacked = f.number("cpu.throttled_seconds")
    parts = [_quota(record, f.windows.capture.cgroup_version)]
    used = f.number("cpu.used")
    if used is not None:
        on_average = f"it used {units.counted(used, 'CPUs')} on average"
        if lacked is not None:
            most = units.counted(used + lacked / f.windows.length, "CPUs")
            on_average += f" and would have used at most about {most} without a quota, as far as others leave them"
        parts.append(on_average)
    elif lacked is not None:
        parts.append(
            f"about {units.counted(lacked / f.windows.length, 'CPUs')} more would have let its throttled tasks run"
        )
    return "; ".join(parts)


def _quota(record: CgroupRecord | None, version: int) -> str:
    file = "cpu.max" if version == 2 else "cpu.cfs_quota_us"
    if record is None or record.cpu_period_us is None:
        return f"the quota itself is not in this capture ({file} in the service's cgroup shows it)"
    if record.cpu_quota_us is None:
        return f"{file} of the service itself is not set, so the quota is that of a cgroup above it"
    cpus = units.counted(record.cpu_quota_us / record.cpu_period_us, "CPUs")
    return f"{file} is {units.count(record.cpu_quota_us)} of every {units.count(record.cpu_period_us)} µs, {cpus}"


@fact("cpu.users", "", "text", "cgroups", scope="host")
def users(f: Facts) -> str | None:
    """Who else used most CPU time, as far as it was read."""
    if not f.windows.probe_attached("cgroups"):
        return None
    used, cpus, own = lowest_of_others(f, LEAST_CPUS), f.windows.capture.host.cpus, f.number("cpu.used")
    if not used and lowest_of_others(f, 0):
        return f"no other cgroup used as much as {LEAST_CPUS} CPUs{_itself(own)}{_in_all(f, cpus)}"
    if not used:
        return "who was not measured: no other cgroup's CPU time is in this capture (top, or systemd-cgtop, shows it)"
    named = _beside_each_other(sorted(used, key=lambda p: (-used[p], p)), used, cpus - (own or 0.0))
    most = ", ".join(f"{path} ({units.number(used[path])} of {units.counted(cpus, 'CPUs')})" for path in named)
    return f"most CPU time was used by {most}{_itself(own)}{_in_all(f, cpus)}"


def _itself(own: float | None) -> str:
    return "" if own is None else f"; the service itself used {units.number(own)}"


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
    """Say whether next to all CPU time of the host was used."""
    used = used_in_all(f)
    return used is not None and used >= ALL_BUSY * f.windows.capture.host.cpus


@fact("cpu.where", "", "text", "cgroups")
def shortage(f: Facts) -> str | None:
    """Whether all CPUs were short or only some, as far as that was measured."""
    if not f.windows.probe_attached("cgroups"):
        return None
    cpus, beside = f.windows.capture.host.cpus, idle_beside_waiting(f)
    if all_short(f):
        return f"so that all of the {units.counted(cpus, 'CPUs')} were short"
    unknown = "which CPUs the service may use was not measured (step 1 shows it)"
    if beside is None or beside < SOME_IDLE:
        return f"whether all CPUs were short or only some was not measured; {unknown}"
    return (
        f"so in at least {units.percent(beside)} of the capture a task waited while one of the "
        f"{units.counted(cpus, 'CPUs')} ran none, as where tasks are bound to certain CPUs, or a quota stops them; "
        f"{unknown}"
    )


def _in_all(f: Facts, cpus: int) -> str:
    """Say what the whole host used, and how much of that no cgroup that was read accounts for; "" where unknown."""
    used = cpus_by_path(f)
    everything = used.pop("/", None)
    if everything is None:
        return ""
    told = f"; all CPU time used came to {units.number(min(everything, cpus))} of {units.counted(cpus, 'CPUs')}"
    highest = [p for p in used if not any(q != p and is_within(p, q) for q in used)]
    rest = everything - sum(used[p] for p in highest)
    if rest >= REST:
        told += f", {units.number(rest)} of it by processes in no other cgroup that was read"
    return told


def _beside_each_other(paths: list[str], used: dict[str, float], cpus: float) -> list[str]:
    """Return whose CPU time can have been used side by side, the most first.

    Where paths hide what lies in what (names that a capture was given instead of its own), one may hold another.
    """
    named: list[str] = []
    for path in paths:
        if len(named) < MOST_NAMED and sum(used[p] for p in named) + used[path] <= cpus * (1 + MEASURED_APART):
            named.append(path)
    return named or paths[:1]
