"""Which CPUs the service may use, and which of them are short: a capture knows no single CPU (pure).

Sources: proc_pid_status(5) (Cpus_allowed_list), taskset(1), mpstat(1), cpuset(7), systemd.resource-control(5).
"""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.cpu import SOME_IDLE, all_short, idle_beside_waiting
from diagnose.analysis.facts.cpu_competitors import rivals
from diagnose.capture.model import CgroupRecord
from diagnose.recommend.steps.shell import members
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired

_BOUND_BY = {
    "systemd": "AllowedCPUs= and CPUAffinity= of its unit say so",
    "docker": "docker update --cpuset-cpus sets them",
    "podman": "podman update --cpuset-cpus sets them",
    "kubernetes": "the kubelet's CPU manager sets them",
    "files": "taskset -acp and cpuset.cpus of its cgroup set them",
}


def which_cpus(fired: Fired, facts: Facts) -> list[Step]:
    """Return how to see whether the service is bound to CPUs that are short beside idle ones; nothing if all are."""
    if all_short(facts):
        return []
    windows, beside = facts.windows, idle_beside_waiting(facts)
    service, cpus = windows.capture.service.cgroup, units.counted(windows.capture.host.cpus, "CPUs")
    users = list(dict.fromkeys(rival.user for rival in rivals(facts)))
    told = " and ".join(["the service", *users])
    record = windows.record_of(service)
    seen = ""
    if beside is not None and beside >= SOME_IDLE:
        seen = f" In at least {units.percent(beside)} of the capture a task waited while a CPU ran none."
    return [
        Step(
            says=f"see which CPUs {told} may use, and how idle each CPU is.{seen} Where the service may use fewer than "
            f"the {cpus} of the host, letting it onto an idle one takes no CPU time from anybody; {_bound_by(record)}.",
            commands=[
                *(_allowed(path, windows.capture.cgroup_mount) for path in (service, *users)),
                "cat /sys/devices/system/cpu/online",
                "mpstat -P ALL 5 1   # package sysstat: %idle of each CPU",
            ],
        )
    ]


def _bound_by(record: CgroupRecord | None) -> str:
    return _BOUND_BY[record.managed_by if record is not None else "files"]


def _allowed(path: str, mount: str) -> str:
    """Return the command that counts the threads of a cgroup by the CPUs that they may use."""
    inside = members(f"{mount.rstrip('/')}{path}")
    statuses = 'while read -r pid; do cat "/proc/$pid"/task/*/status; done'
    return f"{inside} | {statuses} | grep Cpus_allowed_list | sort | uniq -c"
