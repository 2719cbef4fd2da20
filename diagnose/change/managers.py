"""Through whom a setting is changed: the cgroup's file, systemd, docker or podman; Kubernetes only by a person.

What a manager keeps its own idea of is changed through the manager, which would else undo it at its next turn. Names
come from the cgroup's path, never from the report's text; only names of a safe form are passed on, after "--".
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Literal

from diagnose.cgroups import KnownNames, container_id, container_update, name_of, pod_uid, printable, shown, unit_of
from diagnose.cgroups.runtimes import SANDBOX
from diagnose.cgroups.settings import SETTINGS, set_through
from diagnose.change.machine import Machine
from diagnose.change.model import Change, Manager
from diagnose.errors import UsageError

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,254}")
_CONTAINER = "CONTAINER"


@dataclass(frozen=True)
class Way:
    """`name`: the unit or container id, for the manager's command; `before`: systemd's own value of the property."""

    manager: Manager
    name: str | None = None
    before: str | None = None
    unsupported_by: Literal["systemd", "docker", "podman"] | None = None
    """The cgroup's manager, where it has no word for the setting, so that the file is written."""


def choose(cgroup: str, setting: str, machine: Machine, persistent: bool) -> Way:
    """Return the way to change a setting; raises UsageError where there is none, or none that lasts."""
    manager = name_of(cgroup)[1]
    asked = set_through(cgroup, manager, setting)
    way = Way("files")
    if asked == "systemd" and machine.has_systemd:
        way = _systemd(cgroup, setting, machine)
    elif asked in ("docker", "podman"):
        way = Way("docker" if asked == "docker" else "podman", container_id(cgroup))
    elif manager in ("docker", "podman"):
        way = Way("files", unsupported_by="docker" if manager == "docker" else "podman")
    elif manager == "systemd" and machine.has_systemd:
        way = Way("files", unsupported_by="systemd")
    if persistent and way.manager == "files":
        raise UsageError(
            f"--persistent: {setting} of {shown(cgroup)} is a cgroup file, which lasts as long as the cgroup; "
            "leave the option out, and set it where the cgroup is made"
        )
    return way


def _systemd(cgroup: str, setting: str, machine: Machine) -> Way:
    unit = unit_of(cgroup) or ""
    if not _UNIT.fullmatch(unit):
        raise UsageError(f"{shown(cgroup)} is no unit that systemd could be asked about")
    wanted = SETTINGS[setting].systemd_property or ""
    answer = machine.run(["systemctl", "show", f"--property=ControlGroup,{wanted}", "--", unit])
    values = dict(line.split("=", 1) for line in answer.text.splitlines() if "=" in line)
    where = printable(values.get("ControlGroup", ""))
    if not answer.succeeded or where != cgroup:
        where = shown(where or "nowhere")
        raise UsageError(f"systemd says that {shown(unit)} is in {where}, not in {shown(cgroup)}: whose is it?")
    before = values.get(wanted, "")
    return Way("systemd", unit, before if re.fullmatch("infinity|[0-9]{1,20}", before) else None)


def command(
    manager: Manager, cgroup: str, setting: str, value: int | str, persistent: bool, swap: int | None = None
) -> list[str]:
    """Return the manager's command that sets `value` (bytes, or systemd's "infinity"); raises UsageError.

    `swap`: as of `swap_beside`, for docker and podman.
    """
    if manager == "systemd":
        unit = unit_of(cgroup) or ""
        known = SETTINGS[setting].systemd_property
        if known is None or not _UNIT.fullmatch(unit):
            raise UsageError(f"{shown(cgroup)} is no unit, or systemd has no property for {setting}")
        runtime = [] if persistent else ["--runtime"]
        return ["systemctl", "set-property", *runtime, "--", unit, f"{known}={value}"]
    container = container_id(cgroup)
    if container is None or manager not in ("docker", "podman"):
        raise UsageError(f"{shown(cgroup)} is no container of {manager}")
    return container_update(manager, container, value, swap)


def command_of(change: Change, value: int | str, persistent: bool) -> list[str]:
    """Return the command that sets `value` in the way of `change`; what may be swapped stays as it was."""
    return command(change.manager, change.cgroup, change.setting, value, persistent, change.swap_bytes)


def kubernetes_patch(cgroup: str, setting: str, value: int, machine: Machine) -> str | None:
    """Return what a person can run against the cluster for a pod's cgroup; None for a cgroup of anybody else."""
    if name_of(cgroup)[1] != "kubernetes":
        return None
    uid = next((u for part in _prefixes(cgroup) if (u := pod_uid(part)) is not None), None)
    namespace, pod, container = _in_cluster(cgroup, machine)
    limits = {"resources": {"limits": {"memory": str(value)}}}
    patch = json.dumps({"spec": {"containers": [{"name": container, **limits}]}})
    note = "" if SETTINGS[setting].of_containers else f"# Kubernetes has no {setting}; its memory limit is a hard one\n"
    which = "; put the container's name for CONTAINER" if container == _CONTAINER else ""
    known = f"# pod UID {uid}{which}\n" if uid else ""
    words = ["kubectl", "patch", "pod", f"--namespace={namespace}", "--subresource=resize"]
    return f"{note}{known}{shlex.join(words)} --patch={shlex.quote(patch)} -- {shlex.quote(pod)}"


def _in_cluster(cgroup: str, machine: Machine) -> tuple[str, str, str]:
    """Return namespace, pod and container of a cgroup, as the node's files name them; words to fill in where not."""
    known = KnownNames(machine.root)
    known.learn(_prefixes(cgroup), commands=False)
    names = (known.name(path) or "" for path in _prefixes(cgroup))
    namespace, pod, *container = next((name for name in names if "/" in name), "NAMESPACE/POD").split("/")
    return namespace, pod, next((name for name in container if name != SANDBOX), _CONTAINER)


def _prefixes(cgroup: str) -> list[str]:
    parts = cgroup.strip("/").split("/")
    return ["/" + "/".join(parts[:n]) for n in range(len(parts), 0, -1)]
