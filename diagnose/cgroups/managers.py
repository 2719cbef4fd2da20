"""Ask whoever started a service where it is: systemctl, podman, docker, kubectl. Each may be absent or say nothing.

Only names of a safe form are passed on, always after "--": systemctl would take "*" for a pattern and "7" for a job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups.naming import UNIT_SUFFIXES
from diagnose.cgroups.runtimes import Run, pod_names

_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,254}")
_CONTAINER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_POD_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_ID_AND_PID = re.compile(r"([0-9a-f]{64}) ([0-9]{1,10})")


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
    """Return the containers that podman and docker know by `name` (or id prefix); both are asked at once."""
    if not _CONTAINER_NAME.fullmatch(name):
        return []
    inspect = ["inspect", "--type", "container", "--format", "{{.Id}} {{.State.Pid}}", "--", name]
    return [
        Container(match[1], int(match[2]) or None)
        for output in _answers([["podman", *inspect], ["docker", *inspect]], run)
        for line in output.splitlines()
        if (match := _ID_AND_PID.fullmatch(line.strip()))
    ]


def ask_kubernetes(namespace: str, pod: str, root: Path, run: Run) -> set[str]:
    """Return the UIDs that "namespace/pod" has had here: of kubelet's log folders, else of crictl or kubectl."""
    if not (_POD_NAME.fullmatch(namespace) and _POD_NAME.fullmatch(pod)):
        return set()
    logged = {uid for uid, name in pod_names(root).items() if name == f"{namespace}/{pod}"}
    if logged:
        return logged
    node = ["crictl", "--timeout=2s", "pods", f"--namespace={namespace}", "--output=json"]
    template = "--output=jsonpath={.metadata.uid}"
    cluster = ["kubectl", "get", "pod", f"--namespace={namespace}", "--request-timeout=2s", template, "--", pod]
    on_node, in_cluster = _answers([node, cluster], run)
    return _sandboxes(on_node, namespace, pod) or {in_cluster.strip()} - {""}


def _sandboxes(output: str, namespace: str, pod: str) -> set[str]:
    """Return the UIDs of a pod in the answer of crictl; none if it is no such answer."""
    try:
        about = [item["metadata"] for item in json.loads(output or "{}")["items"]]
        return {str(m["uid"]) for m in about if (m["namespace"], m["name"]) == (namespace, pod)}
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()


def _answers(commands: Iterable[list[str]], run: Run) -> list[str]:
    """Return what the commands print, "" for those that fail, in the time that the slowest takes."""
    asked = list(commands)
    with ThreadPoolExecutor(len(asked)) as pool:
        return [output or "" for output in pool.map(run, asked)]
