"""More CPU time for the service: its quota (pure).

Sources: sched-bwc.rst and cgroup-v2.rst (cpu.max), systemd.resource-control(5) (CPUQuota=), docker-update(1) and
podman-update(1) (--cpu-quota).
"""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import container_id, unit_of
from diagnose.cgroups.paths import ancestors
from diagnose.recommend.steps.shell import directory, show, write
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired

Basis = Literal["used", "quota"]


@dataclass(frozen=True, kw_only=True)
class RaiseQuota(Step):
    """Raise the quota of the service, or of the cgroup above it that has one."""

    cgroup: str
    file: Literal["cpu.max", "cpu.cfs_quota_us"]
    from_us: int
    to_us: int
    """At most every CPU of the host, at least a hundredth of a CPU more than now."""
    period_us: int
    basis: Basis
    """What the throttled time is added to: what the service used, or (a cgroup above it) the present quota."""
    basis_cpus: float
    throttled_seconds: float
    """Added up over the CPUs."""
    throttled_cpus: float
    """The same over the length of the capture."""

    @property
    def wanted_cpus(self) -> float:
        return self.basis_cpus + self.throttled_cpus


@dataclass(frozen=True, kw_only=True)
class ShowQuota(Step):
    """See which quota it is: the capture has none."""


def raise_quota(fired: Fired, facts: Facts) -> list[Step]:
    """Return the quota under which the service would not have been throttled, as the step that sets it."""
    windows = facts.windows
    record = _quota_holder(windows)
    used, throttled = facts.number("cpu.used"), facts.number("cpu.throttled_seconds")
    if record is None or record.cpu_quota_us is None or not record.cpu_period_us or throttled is None:
        return [ShowQuota(commands=_show_quota(windows))]
    before, period, lacked = record.cpu_quota_us, record.cpu_period_us, throttled / windows.length
    own = record.path == windows.capture.service.cgroup
    basis: Basis = "used" if own and used is not None else "quota"
    cpus = used if own and used is not None else before / period
    hundredths = math.ceil(round((cpus + lacked) * 100, 6)) / 100
    value = max(round(min(hundredths, float(windows.capture.host.cpus)) * period), before + period // 100)
    return [
        RaiseQuota(
            cgroup=record.path,
            file="cpu.max" if windows.capture.cgroup_version == 2 else "cpu.cfs_quota_us",
            from_us=before,
            to_us=value,
            period_us=period,
            basis=basis,
            basis_cpus=cpus,
            throttled_seconds=throttled,
            throttled_cpus=lacked,
            commands=(_set_quota(record, value, windows),),
            undo=(_set_quota(record, before, windows),),
        )
    ]


def _quota_holder(windows: Windows) -> CgroupRecord | None:
    """Return the service's cgroup, or the nearest above it, that has a quota."""
    service = windows.capture.service.cgroup
    chain = [windows.record_of(path) for path in (service, *ancestors(service))]
    return next((record for record in chain if record is not None and record.cpu_quota_us is not None), None)


def _show_quota(windows: Windows) -> tuple[str, ...]:
    service = windows.capture.service.cgroup
    record, mount = windows.record_of(service), windows.capture.cgroup_mount.rstrip("/")
    if windows.capture.cgroup_version == 2:
        return tuple(show(f"{mount}{path}/cpu.max") for path in (service, *ancestors(service)) if path != "/")
    at = (directory(record, "cpu", windows) if record else None) or f"/sys/fs/cgroup/cpu{service}"
    return (show(f"{at}/cpu.cfs_quota_us", f"{at}/cpu.cfs_period_us"),)


def _set_quota(record: CgroupRecord, quota: int, windows: Windows) -> str:
    """Return the command that sets a quota in µs for the way the cgroup is managed."""
    period = record.cpu_period_us or 1
    unit, container = unit_of(record.path), container_id(record.path)
    if record.managed_by == "systemd" and unit is not None:
        return f"systemctl set-property --runtime -- {shlex.quote(unit)} CPUQuota={quota * 100 / period:.10g}%"
    if record.managed_by in ("docker", "podman") and container is not None:
        return f"{record.managed_by} update --cpu-period {period} --cpu-quota {quota} -- {container}"
    if record.managed_by == "kubernetes":
        return f'resources: {{limits: {{cpu: "{quota * 1000 // period}m"}}}}   # in the container\'s spec'
    at = directory(record, "cpu", windows) or f"/sys/fs/cgroup/cpu{record.path}"
    if windows.capture.cgroup_version == 2:
        return write(f"{quota} {period}", f"{at}/cpu.max")
    return write(str(quota), f"{at}/cpu.cfs_quota_us")
