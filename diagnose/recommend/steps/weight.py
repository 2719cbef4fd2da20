"""More CPU time for the service: its weight against those who compete with it (pure).

Sources: cgroup-v2.rst (cpu.weight), systemd.resource-control(5) (CPUWeight=, CPUShares=), docker-update(1) and
podman-update(1) (--cpu-shares).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.cpu_competitors import CpuCompetitor, cpu_competitors
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import container_id, unit_of
from diagnose.recommend.steps.shell import directory, show, write
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired

Setting = Literal["cpu.weight", "cpu.shares"]
_MOST: dict[Setting, int] = {"cpu.weight": 10_000, "cpu.shares": 262_144}


@dataclass(frozen=True)
class Competitor:
    """Who wants the same CPUs, and what weighs for it at the level at which the two compete."""

    user: str
    cpus: float
    """What it used, on average over the capture."""
    beside: str | None
    """The cgroup beside the one to be raised that holds the user, or is it; None: its weight was not read."""
    weight: int | None
    """Of `beside`."""
    has_cpu_cgroup: bool
    """False: v1, and its processes have no cpu cgroup of their own."""


@dataclass(frozen=True, kw_only=True)
class RaiseWeight(Step):
    """Raise the weight of the service, or of the cgroup that holds it at the level at which it competes."""

    cgroup: str
    setting: Setting
    from_weight: int
    to_weight: int
    holds_service: bool
    """Whether `cgroup` lies above the service's own."""
    against: Competitor | None
    """None: nobody's weight is known."""


@dataclass(frozen=True, kw_only=True)
class ShowWeight(Step):
    """See what the service's weight is: the capture has none."""


def raise_weight(fired: Fired, facts: Facts) -> list[Step]:
    """Return the weights to raise, each at the level at which the service and a competitor meet."""
    windows = facts.windows
    return [_raised(other.own, other, windows) for other in cpu_competitors(facts)] or [_own_weight(windows)]


def _own_weight(windows: Windows) -> Step:
    """Return what can be done where no competitor's weight is known: twice the service's own."""
    record = windows.record_of(windows.capture.service.cgroup)
    if record is not None and record.cpu_weight is not None:
        return _raised(record, None, windows)
    v2, service = windows.capture.cgroup_version == 2, windows.capture.service.cgroup
    at = f"{windows.capture.cgroup_mount.rstrip('/') if v2 else '/sys/fs/cgroup/cpu'}{service}"
    return ShowWeight(commands=(show(f"{at}/{_setting(windows)}"),))


def _raised(own: CgroupRecord, competitor: CpuCompetitor | None, windows: Windows) -> RaiseWeight:
    """Return the weight that is twice the present one, or the competitor's where that is more."""
    setting, before = _setting(windows), own.cpu_weight or 0
    against = None if competitor is None else _competitor(competitor, windows)
    value = min(max(2 * before, (against.weight if against is not None else None) or 0), _MOST[setting])
    return RaiseWeight(
        cgroup=own.path,
        setting=setting,
        from_weight=before,
        to_weight=value,
        holds_service=own.path != windows.capture.service.cgroup,
        against=against,
        commands=(_set_weight(own, setting, value, windows),),
        undo=(_set_weight(own, setting, before, windows),),
    )


def _competitor(competitor: CpuCompetitor, windows: Windows) -> Competitor:
    beside, record = competitor.beside, windows.record_of(competitor.user)
    return Competitor(
        user=competitor.user,
        cpus=competitor.cpus,
        beside=None if beside is None else beside.path,
        weight=None if beside is None else beside.cpu_weight,
        has_cpu_cgroup=record is None or directory(record, "cpu", windows) is not None,
    )


def _setting(windows: Windows) -> Setting:
    return "cpu.weight" if windows.capture.cgroup_version == 2 else "cpu.shares"


def _set_weight(record: CgroupRecord, setting: Setting, value: int, windows: Windows) -> str:
    """Return the command that sets a weight for the way the cgroup is managed."""
    unit, container = unit_of(record.path), container_id(record.path)
    if record.managed_by == "systemd" and unit is not None:
        name = "CPUWeight" if setting == "cpu.weight" else "CPUShares"
        return f"systemctl set-property --runtime -- {shlex.quote(unit)} {name}={value}"
    if record.managed_by in ("docker", "podman") and container is not None and setting == "cpu.shares":
        return f"{record.managed_by} update --cpu-shares {value} -- {container}"
    at = directory(record, "cpu", windows) or f"/sys/fs/cgroup/cpu{record.path}"
    return write(str(value), f"{at}/{setting}")
