"""From a report to changes that may be applied here and now: everything is looked at again, nothing is written."""

from __future__ import annotations

import mmap
from dataclasses import dataclass

from diagnose.cgroups import opened, read_memory, read_settings, swap_beside
from diagnose.change import guards, managers
from diagnose.change.floor import Now, now
from diagnose.change.limit_steps import steps
from diagnose.change.machine import Machine
from diagnose.change.model import Change
from diagnose.change.reports import Origin, check_origin
from diagnose.errors import UsageError
from diagnose.report.model import Recommendation, Report


@dataclass(frozen=True)
class Planned:
    """A change that passed every guard, and what there is to know before saying yes."""

    number: int
    """Of the recommendation in the report, from 1."""
    change: Change
    recommendation: Recommendation
    now: Now
    way: managers.Way


@dataclass(frozen=True)
class NoValue:
    """The report has no value for it; `reason`: in its words."""

    reason: str


@dataclass(frozen=True)
class ByKubelet:
    """The kubelet would undo it; `patch`: the commands for the cluster, in lines."""

    patch: str


@dataclass(frozen=True)
class LeftOut:
    """A recommendation that is not applied, and why."""

    number: int
    why: NoValue | ByKubelet


@dataclass(frozen=True)
class Plan:
    report: Report
    changes: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]


def plan(report: Report, machine: Machine, select: tuple[int, ...], force: bool, persistent: bool) -> Plan:
    """Return what to do; raises UsageError, for the first reason found, if any of it must not be done."""
    made = check_origin(report, machine)
    changes: list[Planned] = []
    left_out: list[LeftOut] = []
    for number, recommendation in _selected(report, select):
        why = _not_applicable(recommendation, number, bool(select)) or _kubernetes(recommendation, number, machine)
        if why is not None:
            left_out.append(why)
        else:
            changes.append(_planned(number, recommendation, made, machine, force, persistent))
    _check_once(changes)
    return Plan(report, tuple(changes), tuple(left_out))


def _selected(report: Report, select: tuple[int, ...]) -> list[tuple[int, Recommendation]]:
    numbered = list(enumerate(report.recommendations, 1))
    unknown = [n for n in select if not 1 <= n <= len(numbered)]
    if unknown:
        raise UsageError(
            f"the report has no recommendation {unknown[0]} (--select); it has {len(numbered)}, numbered from 1"
        )
    if not numbered:
        raise UsageError("the report recommends no change, so there is nothing to apply")
    return [(n, r) for n, r in numbered if not select or n in select]


def _not_applicable(recommendation: Recommendation, number: int, asked_for: bool) -> LeftOut | None:
    if recommendation.value_bytes is not None:
        return None
    if asked_for:
        raise UsageError(f"recommendation {number} has no value to apply: {recommendation.reason}")
    return LeftOut(number, NoValue(recommendation.reason))


def _kubernetes(recommendation: Recommendation, number: int, machine: Machine) -> LeftOut | None:
    guards.check_words(recommendation, machine.hierarchy.version)
    value = recommendation.value_bytes or 0
    patch = managers.kubernetes_patch(recommendation.cgroup, recommendation.setting, value, machine)
    return None if patch is None else LeftOut(number, ByKubelet(patch))


def _planned(
    number: int, recommendation: Recommendation, made: Origin, machine: Machine, force: bool, persistent: bool
) -> Planned:
    cgroup, setting = recommendation.cgroup, recommendation.setting
    guards.check_words(recommendation, machine.hierarchy.version)
    value = _page(recommendation.value_bytes or 0)
    with opened(machine.hierarchy, cgroup) as directory:
        guards.check_same_cgroup(recommendation, directory, made.ids)
        text = guards.check_current(recommendation, directory)
        current = now(read_memory(machine.hierarchy, cgroup))
        guards.check_floor(recommendation, value, current, force)
        way = managers.choose(cgroup, setting, machine, persistent)
        guards.check_manager_value(recommendation, way.before)
        change = Change(
            cgroup=cgroup,
            cgroup_id=directory.id,
            setting=setting,
            manager=way.manager,
            before_bytes=recommendation.current_bytes,
            before_text=text,
            after_bytes=value,
            steps_bytes=steps(setting, recommendation.current_bytes, value, current.usage_bytes),
            because=recommendation.reason[:4096],
            manager_before=way.before,
            swap_bytes=_swap(way, recommendation, value, machine),
            name=recommendation.name and recommendation.name[:4096],
        )
    return Planned(number, change, recommendation, current, way)


def _swap(way: managers.Way, recommendation: Recommendation, value: int, machine: Machine) -> int | None:
    """Return what a container may swap beside its limit; raises UsageError where a limit on swap is in the way."""
    settings = read_settings(machine.hierarchy, recommendation.cgroup)
    if way.manager in ("docker", "podman"):
        return swap_beside(settings, recommendation.setting)
    guards.check_with_swap(recommendation, value, settings)
    return None


def _check_once(changes: list[Planned]) -> None:
    keys = [(p.change.cgroup_id, p.change.setting) for p in changes]
    if len(set(keys)) != len(keys):
        raise UsageError("the report changes one setting of one cgroup twice; pick one with --select")


def _page(value: int) -> int:
    """Round down to whole pages, as the kernel will, so that what is read back can be compared exactly."""
    return value // mmap.PAGESIZE * mmap.PAGESIZE
