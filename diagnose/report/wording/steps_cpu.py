"""Steps about CPU time in words: the quota, the weight, which CPUs (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.recommend.steps.quota import RaiseQuota, ShowQuota
from diagnose.recommend.steps.weight import Competitor, RaiseWeight, ShowWeight
from diagnose.recommend.steps.which_cpus import FindIdleCpus, Manager
from diagnose.report.wording.step_text import NewText, StepText
from diagnose.report.wording.writer import Writer

_BOUND_BY: dict[Manager, str] = {
    "systemd": "AllowedCPUs= and CPUAffinity= of its unit say so",
    "docker": "docker update --cpuset-cpus sets them",
    "podman": "podman update --cpuset-cpus sets them",
    "kubernetes": "the kubelet's CPU manager sets them",
    "files": "taskset -acp and cpuset.cpus of its cgroup set them",
}


def raise_quota(step: RaiseQuota, new_text: NewText) -> StepText:
    """Write from which quota to which, and how the new one came about."""
    new, old = (f"{units.count(us)} µs ({_cpus(us / step.period_us)})" for us in (step.to_us, step.from_us))
    why = f"it used {_cpus(step.basis_cpus)} on average"
    if step.basis == "quota":
        why = f"the quota is {_cpus(step.basis_cpus)}"
    return StepText(
        says=f"raise {step.file} of {new_text().cgroup(step.cgroup)} from {old} to {new} in every "
        f"{units.count(step.period_us)} µs: so much it would have used at most in this capture, on average; where it "
        "wants its CPU time in bursts, it is still held back in them, which a measurement after the change tells.",
        arithmetic=(
            f"{why}, and was throttled for {units.duration(step.throttled_seconds)}, added up over the CPUs, which is "
            f"{_cpus(step.throttled_cpus)}: together {_cpus(step.wanted_cpus)} at most, in whole hundredths "
            f"{units.number(step.to_us / step.period_us)}",
        ),
    )


def show_quota(step: ShowQuota, new_text: NewText) -> StepText:
    """Write that the quota is not known."""
    return StepText("see which quota it is, which is not in this capture, and raise that.")


def raise_weight(step: RaiseWeight, new_text: NewText) -> StepText:
    """Write from which weight to which, and against whom."""
    says = new_text()
    change = f"from {units.count(step.from_weight)} to {units.count(step.to_weight)}"
    return StepText(
        says=f"raise {step.setting} of {says.cgroup(step.cgroup)} {change}{_against(step.against, says)}.",
        arithmetic=tuple(_weight_arithmetic(step, new_text)),
    )


def _weight_arithmetic(step: RaiseWeight, new_text: NewText) -> list[str]:
    lines = [f"{step.setting} of {new_text().cgroup(step.cgroup)} is {units.count(step.from_weight)}"]
    against, value = step.against, units.count(step.to_weight)
    if against is not None and against.beside is not None:
        lines.append(f"that of {new_text().cgroup(against.beside)} beside it is {units.count(against.weight)}")
        reached = "as much as its neighbour has" if step.to_weight == against.weight else "twice what it is"
        lines.append(f"{value} is {reached}: of CPUs that both want, weights are the shares")
    else:
        lines.append(f"twice that is {value}; weights of those beside it are not in this capture")
    if step.holds_service:
        lines.append(
            f"weights count between the children of one cgroup, and {new_text().cgroup(step.cgroup)} is what holds the "
            "service at that level; what it gets more is shared out below it as before"
        )
    return lines


def _against(against: Competitor | None, writer: Writer) -> str:
    """Write whose weight stands against the new one; "" if nobody's is known."""
    if against is None:
        return ""
    used = f"which used {_cpus(against.cpus)}"
    if against.beside is None:
        why = (
            "whose weight was not read" if against.has_cpu_cgroup else "whose processes have no cpu cgroup of their own"
        )
        return f": at that level it competes with {writer.cgroup(against.user)}, {used} and {why}"
    weight = f", against the {units.count(against.weight)} of {writer.cgroup(against.beside)}"
    if against.beside == against.user:
        return f"{weight}, {used}"
    return f"{weight}, which holds {writer.cgroup(against.user)}, {used}"


def show_weight(step: ShowWeight, new_text: NewText) -> StepText:
    """Write that the weight is not known."""
    return StepText("see what its weight is, which is not in this capture, and double it.")


def find_idle_cpus(step: FindIdleCpus, new_text: NewText) -> StepText:
    """Write whose CPUs to look at, and who sets them."""
    users = " and ".join(("the service", *map(new_text().cgroup, step.competitors)))
    seen = ""
    if step.idle_share is not None:
        seen = f" In at least {units.percent(step.idle_share)} of the capture a task waited while a CPU ran none."
    return StepText(
        f"see which CPUs {users} may use, and how idle each CPU is.{seen} Where the service may use fewer than the "
        f"{_cpus(step.host_cpus)} of the host, letting it onto an idle one takes no CPU time from anybody; "
        f"{_BOUND_BY[step.managed_by]}."
    )


def _cpus(count: float) -> str:
    return units.counted(count, "CPUs")
