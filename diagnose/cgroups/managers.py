"""Ask whoever started a service where it is: systemctl, podman, docker, kubectl. Each may be absent or say nothing.

Only names of a safe form are passed on, always after "--": systemctl would take "*" for a pattern and "7" for a job.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups.naming import UNIT_SUFFIXES

Run = Callable[[list[str]], str | None]
"""Runs a command; returns its standard output, None if it is absent, failed or took too long."""

TIMEOUT_SECONDS = 5.0
POD_LOGS = Path("var/log/pods")
"""kubelet keeps a folder NAMESPACE_POD_UID here for each pod of the node (BuildPodLogsDirectory)."""

_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,254}")
_CONTAINER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_POD_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_ID_AND_PID = re.compile(r"([0-9a-f]{64}) ([0-9]{1,10})")


def run_command(command: list[str]) -> str | None:
    """Run `command` for at most `TIMEOUT_SECONDS` and return its output, None if it is absent or failed."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def unit_name(name: str) -> str:
    """Return `name` as a unit: "checkout" stands for "checkout.service"."""
    return name if name.endswith(UNIT_SUFFIXES) else f"{name}.service"


@dataclass(frozen=True)
class Unit:
    name: str
    state: str
    """ActiveState: "active", "inactive", "failed"."""
    control_group: str
    """Path in systemd's own hierarchy; "" if the unit does not run."""
    main_pid: int | None


def ask_systemd(name: str, run: Run) -> Unit | None:
    """Return what systemd knows of the unit `name`, None if it knows none or does not run this host."""
    unit = unit_name(name)
    if not _UNIT_NAME.fullmatch(unit):
        return None
    properties = "--property=Id,LoadState,ActiveState,ControlGroup,MainPID"
    lines = (run(["systemctl", "show", properties, "--", unit]) or "").splitlines()
    values = {key: value for key, _, value in (line.partition("=") for line in lines)}
    if values.get("LoadState", "not-found") == "not-found":
        return None
    pid = values.get("MainPID", "")
    return Unit(
        name=values.get("Id") or unit,
        state=values.get("ActiveState", "unknown"),
        control_group=values.get("ControlGroup", ""),
        main_pid=int(pid) if re.fullmatch("[1-9][0-9]{0,9}", pid) else None,
    )


@dataclass(frozen=True)
class Container:
    id: str
    """64 hexadecimal digits."""
    pid: int | None
    """Its first process; None if it does not run."""


def ask_containers(name: str, run: Run) -> list[Container]:
    """Return the containers that podman and docker know by `name` (or id prefix)."""
    if not _CONTAINER_NAME.fullmatch(name):
        return []
    found = []
    for tool in ("podman", "docker"):
        command = [tool, "inspect", "--type", "container", "--format", "{{.Id}} {{.State.Pid}}", "--", name]
        for line in (run(command) or "").splitlines():
            if match := _ID_AND_PID.fullmatch(line.strip()):
                found.append(Container(match[1], int(match[2]) or None))
    return found


def ask_kubernetes(namespace: str, pod: str, root: Path, run: Run) -> set[str]:
    """Return the UIDs that "namespace/pod" has had on this node, from kubelet's log folders or else from kubectl."""
    if not (_POD_NAME.fullmatch(namespace) and _POD_NAME.fullmatch(pod)):
        return set()
    logged = {uid for uid, name in pod_names(root).items() if name == f"{namespace}/{pod}"}
    if logged:
        return logged
    template = "--output=jsonpath={.metadata.uid}"
    uid = run(["kubectl", "get", "pod", f"--namespace={namespace}", "--request-timeout=3s", template, "--", pod])
    return {uid.strip()} if uid and uid.strip() else set()


def pod_names(root: Path) -> dict[str, str]:
    """Return "namespace/pod" by UID for the pods whose logs this node keeps; none on a host without kubelet."""
    try:
        folders = [folder.name.split("_") for folder in (root / POD_LOGS).iterdir()]
    except OSError:
        return {}
    return {parts[2]: f"{parts[0]}/{parts[1]}" for parts in folders if len(parts) == 3}
