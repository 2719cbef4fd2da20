"""Which CPUs the service may use, and which of them are short: a capture knows no single CPU (pure).

Sources: proc_pid_status(5) (Cpus_allowed_list), taskset(1), mpstat(1), cpuset(7), systemd.resource-control(5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.cpu import SOME_IDLE, all_short, idle_beside_waiting
from diagnose.analysis.facts.cpu_competitors import cpu_competitors
from diagnose.recommend.steps.shell import members
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired

Manager = Literal["files", "systemd", "docker", "podman", "kubernetes"]


@dataclass(frozen=True, kw_only=True)
class FindIdleCpus(Step):
    """See which CPUs the service and its competitors may use, and how idle each CPU is."""

    competitors: tuple[str, ...]
    """Cgroups."""
    host_cpus: int
    idle_share: float | None
    """Of the capture, at least: a task waited while a CPU ran none; None: less than is worth a word, or not known."""
    managed_by: Manager
    """Who binds the service to its CPUs."""


def which_cpus(fired: Fired, facts: Facts) -> list[Step]:
    """Return how to see whether the service is bound to CPUs that are short beside idle ones; nothing if all are."""
    if all_short(facts):
        return []
    windows, idle = facts.windows, idle_beside_waiting(facts)
    service, mount = windows.capture.service.cgroup, windows.capture.cgroup_mount
    competitors = tuple(dict.fromkeys(competitor.user for competitor in cpu_competitors(facts)))
    record = windows.record_of(service)
    return [
        FindIdleCpus(
            competitors=competitors,
            host_cpus=windows.capture.host.cpus,
            idle_share=idle if idle is not None and idle >= SOME_IDLE else None,
            managed_by=record.managed_by if record is not None else "files",
            commands=(
                *(_allowed(path, mount) for path in (service, *competitors)),
                "cat /sys/devices/system/cpu/online",
                "mpstat -P ALL 5 1   # package sysstat: %idle of each CPU",
            ),
        )
    ]


def _allowed(path: str, mount: str) -> str:
    """Return the command that counts the threads of a cgroup by the CPUs that they may use."""
    inside = members(f"{mount.rstrip('/')}{path}")
    statuses = 'while read -r pid; do cat "/proc/$pid"/task/*/status; done'
    return f"{inside} | {statuses} | grep Cpus_allowed_list | sort | uniq -c"
