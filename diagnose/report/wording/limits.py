"""A change of a memory setting in words: what the report says of it, and of the commands that make it."""

from __future__ import annotations

from diagnose.recommend.change import Change
from diagnose.recommend.commands import Command, Lasts, Note
from diagnose.report.model import Recommendation
from diagnose.report.wording.limits_arithmetic import line
from diagnose.report.wording.limits_effects import effect
from diagnose.report.wording.limits_reasons import reason
from diagnose.report.wording.limits_risks import risk
from diagnose.report.wording.limits_ways import way
from diagnose.report.wording.writer import Names, Writer

NOTES: dict[Note, str] = {
    "docker-sets-no-unlimited": "docker update cannot take a limit away",
    "podman-sets-no-unlimited": "podman update cannot take a limit away",
    "in-pod-spec": "in the container's spec",
    "until-kubelet": "until the kubelet writes it anew",
    "out-of-pod-spec": "take memory out of resources.limits in the container's spec again",
}
LASTS: dict[Lasts, str] = {
    "systemd-runtime": "It stays until the next boot; diagnose apply report.json --persistent (or systemctl "
    "set-property without --runtime) makes it stay after that.",
    "container": "It stays while the container exists; one that is recreated needs it in the options it is made with.",
    "pod-spec": "It stays as long as it is in the pod's spec.",
    "kubelet": "It stays until the kubelet writes the file anew; only what is in the pod's spec stays for good.",
    "file": "A value in a cgroup's file is lost when the cgroup is recreated or the host reboots; to stay it must be "
    "set where the cgroup is made.",
}


def recommendation(change: Change, names: Names) -> Recommendation:
    """Write a change; who reads one of its texts knows already what its cgroup is called."""

    def writer() -> Writer:
        return names.writer([change.cgroup])

    risks = writer()
    return Recommendation(
        cgroup=change.cgroup,
        setting=change.setting,
        current_bytes=change.current_bytes,
        value_bytes=change.value_bytes,
        reason=reason(change.reason, writer()),
        arithmetic=[line(value, writer()) for value in change.arithmetic],
        expected_effect=effect(change.effect, writer()),
        risk=" ".join(risk(value, risks) for value in change.risks),
        alternatives=[way(value, writer()) for value in change.ways],
        commands=[command(value) for value in change.commands],
        undo=[command(value) for value in change.undo],
        lasts="" if change.lasts is None else LASTS[change.lasts],
        name=names.known.get(change.cgroup),
    )


def command(value: Command) -> str:
    """Write a command with its note as a comment of the shell: names in it stay paths."""
    if value.note is None:
        return value.line
    return f"{value.line}   # {NOTES[value.note]}" if value.line else f"# {NOTES[value.note]}"
