"""Facts about CPU time in words: the quota, who else used how much, whose weights stand against each other (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts.cpu import LEAST_CPUS, CpuQuota, CpuShortage, CpuUsers
from diagnose.analysis.facts.cpu_competitors import CpuCompetitor, CpuWeights
from diagnose.report.wording.fact_registry import words
from diagnose.report.wording.writer import Writer


@words("cpu.quota")
def cpu_quota(quota: CpuQuota, writer: Writer) -> str:
    """Return the quota, what the service used, and what it would have used without one."""
    parts = [_quota(quota)]
    if quota.used_cpus is not None:
        used = f"it used {units.counted(quota.used_cpus, 'CPUs')} on average"
        if quota.lacked_cpus is not None:
            most = units.counted(quota.used_cpus + quota.lacked_cpus, "CPUs")
            used += f" and would have used at most about {most} without a quota, as far as others leave them"
        parts.append(used)
    elif quota.lacked_cpus is not None:
        parts.append(f"about {units.counted(quota.lacked_cpus, 'CPUs')} more would have let its throttled tasks run")
    return "; ".join(parts)


def _quota(quota: CpuQuota) -> str:
    if quota.period_us is None:
        return f"the quota itself is not in this capture ({quota.setting} in the service's cgroup shows it)"
    if quota.quota_us is None:
        return f"{quota.setting} of the service itself is not set, so the quota is that of a cgroup above it"
    cpus = units.counted(quota.quota_us / quota.period_us, "CPUs")
    return f"{quota.setting} is {units.count(quota.quota_us)} of every {units.count(quota.period_us)} µs, {cpus}"


@words("cpu.users")
def cpu_users(users: CpuUsers, writer: Writer) -> str:
    """Return who else used most CPU time, and what the service and the whole host used."""
    if not users.users and not users.others_read:
        return "who was not measured: no other cgroup's CPU time is in this capture (top, or systemd-cgtop, shows it)"
    if not users.users:
        return f"no other cgroup used as much as {LEAST_CPUS} CPUs{_itself(users)}{_in_all(users)}"
    of = units.counted(users.host_cpus, "CPUs")
    most = ", ".join(f"{writer.cgroup(user.cgroup)} ({units.number(user.cpus)} of {of})" for user in users.users)
    return f"most CPU time was used by {most}{_itself(users)}{_in_all(users)}"


def _itself(users: CpuUsers) -> str:
    return "" if users.own_cpus is None else f"; the service itself used {units.number(users.own_cpus)}"


def _in_all(users: CpuUsers) -> str:
    """Return what the whole host used, and how much of that no cgroup that was read accounts for."""
    if users.all_cpus is None:
        return ""
    everything = units.number(min(users.all_cpus, users.host_cpus))
    text = f"; all CPU time used came to {everything} of {units.counted(users.host_cpus, 'CPUs')}"
    if users.unassigned_cpus:
        text += f", {units.number(users.unassigned_cpus)} of it by processes in no other cgroup that was read"
    return text


@words("cpu.where")
def cpu_shortage(shortage: CpuShortage, writer: Writer) -> str:
    """Return whether all CPUs were short or only some."""
    cpus = units.counted(shortage.host_cpus, "CPUs")
    if shortage.short == "all":
        return f"so that all of the {cpus} were short"
    unknown = "which CPUs the service may use was not measured (step 1 shows it)"
    if shortage.short == "not-measured":
        return f"whether all CPUs were short or only some was not measured; {unknown}"
    return (
        f"so in at least {units.percent(shortage.idle_beside_waiting_share)} of the capture a task waited while one of "
        f"the {cpus} ran none, as where tasks are bound to certain CPUs, or a quota stops them; {unknown}"
    )


@words("cpu.rival")
def cpu_weights(weights: CpuWeights, writer: Writer) -> str:
    """Return whose weight stands against the service's."""
    if not weights.against:
        return "whose weight stands against the service's was not measured"
    against = " and ".join(_against(competitor, weights.setting, writer) for competitor in weights.against)
    return f"where they want the same CPUs, {against}"


def _against(competitor: CpuCompetitor, setting: str, writer: Writer) -> str:
    if competitor.beside is None:
        who = writer.cgroup(competitor.user)
        return f"what {who} weighs (not read) stands against {setting} {_weight(competitor, writer)}"
    other = f"{writer.cgroup(competitor.beside.path)} has {setting} {units.count(competitor.beside.cpu_weight)}"
    return f"{other} against the {_weight(competitor, writer)}"


def _weight(competitor: CpuCompetitor, writer: Writer) -> str:
    return f"{units.count(competitor.own.cpu_weight)} of {writer.cgroup(competitor.own.path)}"
