"""More CPU time for the service: its quota, or its weight against whoever crowds it (pure).

Sources: sched-bwc.rst and cgroup-v2.rst (cpu.max, cpu.weight), systemd.resource-control(5) (CPUQuota=, CPUWeight=,
CPUShares=), docker-update(1) and podman-update(1) (--cpu-quota, --cpu-shares).
"""

from __future__ import annotations

import math
import shlex

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.cpu_competitors import Rival, rivals
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import container_id, unit_of
from diagnose.cgroups.paths import ancestors
from diagnose.recommend.steps.shell import directory, show, write
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired


def raise_quota(fired: Fired, facts: Facts) -> list[Step]:
    """Return the quota under which the service would not have been throttled, as the step that sets it."""
    windows = facts.windows
    record = _quota_holder(windows)
    used, throttled = facts.number("cpu.used"), facts.number("cpu.throttled_seconds")
    if record is None or record.cpu_quota_us is None or not record.cpu_period_us or throttled is None:
        return [_look_at_quota(windows)]
    period, lacked = record.cpu_period_us, throttled / windows.length
    if record.path == windows.capture.service.cgroup and used is not None:
        wanted, why = used + lacked, f"it used {units.counted(used, 'CPUs')} on average"
    else:
        before = record.cpu_quota_us / period
        wanted, why = before + lacked, f"the quota is {units.counted(before, 'CPUs')}"
    cpus = min(math.ceil(round(wanted * 100, 6)) / 100, float(windows.capture.host.cpus))
    value = max(round(cpus * period), record.cpu_quota_us + period // 100)
    new, old = (f"{units.count(us)} µs ({units.counted(us / period, 'CPUs')})" for us in (value, record.cpu_quota_us))
    file = "cpu.max" if windows.capture.cgroup_version == 2 else "cpu.cfs_quota_us"
    return [
        Step(
            says=f"raise {file} of {record.path} from {old} to {new} in every {units.count(period)} µs: so "
            "much it would have used at most in this capture, on average; where it wants its CPU time in bursts, it is "
            "still held back in them, which a measurement after the change tells.",
            arithmetic=[
                f"{why}, and was throttled for {units.duration(throttled)}, added up over the CPUs, which is "
                f"{units.counted(lacked, 'CPUs')}: together {units.counted(wanted, 'CPUs')} at most, in whole "
                f"hundredths {units.number(value / period)}"
            ],
            commands=_quota_commands(record, value, windows),
            undo=_quota_commands(record, record.cpu_quota_us, windows),
        )
    ]


def _quota_holder(windows: Windows) -> CgroupRecord | None:
    """Return the service's cgroup, or the nearest above it, that has a quota."""
    service = windows.capture.service.cgroup
    chain = [windows.record_of(path) for path in (service, *ancestors(service))]
    return next((record for record in chain if record is not None and record.cpu_quota_us is not None), None)


def _look_at_quota(windows: Windows) -> Step:
    service = windows.capture.service.cgroup
    record, mount = windows.record_of(service), windows.capture.cgroup_mount.rstrip("/")
    if windows.capture.cgroup_version == 2:
        commands = [show(f"{mount}{path}/cpu.max") for path in (service, *ancestors(service)) if path != "/"]
    else:
        at = (directory(record, "cpu", windows) if record else None) or f"/sys/fs/cgroup/cpu{service}"
        commands = [show(f"{at}/cpu.cfs_quota_us", f"{at}/cpu.cfs_period_us")]
    return Step(says="see which quota it is, which is not in this capture, and raise that.", commands=commands)


def _quota_commands(record: CgroupRecord, quota: int, windows: Windows) -> list[str]:
    period = record.cpu_period_us or 1
    unit, container = unit_of(record.path), container_id(record.path)
    if record.managed_by == "systemd" and unit is not None:
        return [f"systemctl set-property --runtime -- {shlex.quote(unit)} CPUQuota={quota * 100 / period:.10g}%"]
    if record.managed_by in ("docker", "podman") and container is not None:
        return [f"{record.managed_by} update --cpu-period {period} --cpu-quota {quota} -- {container}"]
    if record.managed_by == "kubernetes":
        return [f'resources: {{limits: {{cpu: "{quota * 1000 // period}m"}}}}   # in the container\'s spec']
    at = directory(record, "cpu", windows) or f"/sys/fs/cgroup/cpu{record.path}"
    if windows.capture.cgroup_version == 2:
        return [write(f"{quota} {period}", f"{at}/cpu.max")]
    return [write(str(quota), f"{at}/cpu.cfs_quota_us")]


# ---------------------------------------------------------------- weight


def raise_weight(fired: Fired, facts: Facts) -> list[Step]:
    """Return the weights to raise against whoever crowds the service, each at the level at which the two compete."""
    windows = facts.windows
    return [_weight(rival.own, rival, windows) for rival in rivals(facts)] or [_own_weight(windows)]


def _own_weight(windows: Windows) -> Step:
    """Return what can be done where no rival's weight is known: twice the service's own."""
    record = windows.record_of(windows.capture.service.cgroup)
    if record is not None and record.cpu_weight is not None:
        return _weight(record, None, windows)
    v2, service = windows.capture.cgroup_version == 2, windows.capture.service.cgroup
    at = f"{windows.capture.cgroup_mount.rstrip('/') if v2 else '/sys/fs/cgroup/cpu'}{service}"
    file = f"{at}/cpu.weight" if v2 else f"{at}/cpu.shares"
    return Step(
        says="see what its weight is, which is not in this capture, and double it.",
        commands=[show(file)],
    )


def _weight(own: CgroupRecord, rival: Rival | None, windows: Windows) -> Step:
    v2, before = windows.capture.cgroup_version == 2, own.cpu_weight or 0
    setting, most = ("cpu.weight", 10_000) if v2 else ("cpu.shares", 262_144)
    beside = rival.beside if rival is not None else None
    value = min(max(2 * before, (beside.cpu_weight or 0) if beside is not None else 0), most)
    lines = [f"{setting} of {own.path} is {units.count(before)}"]
    if beside is not None:
        lines.append(f"that of {beside.path} beside it is {units.count(beside.cpu_weight)}")
        lines.append(
            f"{units.count(value)} is "
            + ("as much as its neighbour has" if value == beside.cpu_weight else "twice what it is")
            + ": of CPUs that both want, weights are the shares"
        )
    else:
        lines.append(f"twice that is {units.count(value)}; weights of those beside it are not in this capture")
    if own.path != windows.capture.service.cgroup:
        lines.append(
            f"weights count between the children of one cgroup, and {own.path} is what holds the service at that "
            "level; what it gets more is shared out below it as before"
        )
    return Step(
        says=f"raise {setting} of {own.path} from {units.count(before)} to {units.count(value)}"
        + f"{_against(rival, windows)}.",
        arithmetic=lines,
        commands=_weight_commands(own, setting, value, windows),
        undo=_weight_commands(own, setting, before, windows),
    )


def _against(rival: Rival | None, windows: Windows) -> str:
    if rival is None:
        return ""
    used = f"{rival.user}, which used {units.counted(rival.cpus, 'CPUs')}"
    if rival.beside is not None:
        weight = units.count(rival.beside.cpu_weight)
        if rival.beside.path == rival.user:
            return f", against the {weight} of {used}"
        return f", against the {weight} of {rival.beside.path}, which holds {used}"
    record = windows.record_of(rival.user)
    lacks = record is not None and directory(record, "cpu", windows) is None
    why = "whose processes have no cpu cgroup of their own" if lacks else "whose weight was not read"
    return f": at that level it competes with {used} and {why}"


def _weight_commands(record: CgroupRecord, setting: str, value: int, windows: Windows) -> list[str]:
    unit, container = unit_of(record.path), container_id(record.path)
    if record.managed_by == "systemd" and unit is not None:
        name = "CPUWeight" if setting == "cpu.weight" else "CPUShares"
        return [f"systemctl set-property --runtime -- {shlex.quote(unit)} {name}={value}"]
    if record.managed_by in ("docker", "podman") and container is not None and setting == "cpu.shares":
        return [f"{record.managed_by} update --cpu-shares {value} -- {container}"]
    at = directory(record, "cpu", windows) or f"/sys/fs/cgroup/cpu{record.path}"
    return [write(str(value), f"{at}/{setting}")]
