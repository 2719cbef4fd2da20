"""What container runtimes and kubelet call their containers: from their files, and from their commands.

The files answer at once, even while the runtime hangs; the commands know the rest. A name is passed on only if it has
the form that the runtimes themselves allow: what is in these files is partly chosen by whoever starts containers.

who         file                                                                    says
kubelet     /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log (a link)             pod and container by id
kubelet     /var/log/pods/NAMESPACE_POD_UID/                                        pod by UID
containerd  /run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json  annotations of CRI and nerdctl
docker      /var/lib/docker/containers/ID/config.v2.json                            Name; kubelet's: k8s_…
podman      /var/lib/containers/storage/*-containers/containers.json, and           names; CRI-O's: k8s_…
CRI-O       /run/containers/storage/*-containers/*containers.json (volatile ones),
            and the same where /etc/containers/storage.conf says

Sources: kubelet legacy.LogSymlink and BuildPodLogsDirectory; containerd pkg/cri/annotations; nerdctl pkg/labels;
moby daemon/container; containers/storage containers.go; cri-dockerd naming.go (k8s_CONTAINER_POD_NAMESPACE_UID_N).
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnose.cgroups import commands

Run = Callable[[list[str]], str | None]
"""Runs a command; returns its standard output, None if it is absent, failed or took too long."""

TIMEOUT_SECONDS = 3.0
MAX_FILE_BYTES = 32 * 2**20
SANDBOX = "POD"
"""What kubelet calls the container that holds a pod's namespaces."""

_POD_LOGS = "var/log/pods"
_CONTAINER_LOGS = "var/log/containers"
_TASKS = ("run/containerd", "run/k3s/containerd")
_DOCKER = "var/lib/docker/containers"
_STORAGES = ("var/lib/containers/storage", "run/containers/storage")
_STORAGE_CONF = "etc/containers/storage.conf"
_STORAGE_SET = re.compile(r'^\s*(?:graphroot|runroot)\s*=\s*"(/[^"\n\0]{1,4000})"', re.MULTILINE)

_ID = re.compile("[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_KUBERNETES = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_LOG = re.compile(r"([^_]+)_([^_]+)_([^_]+)-([0-9a-f]{64})\.log")
_UID = re.compile("[0-9a-f-]{32,36}")


@dataclass(frozen=True)
class Names:
    """`containers`: by id, "web1" or "namespace/pod/container"; `pods`: by UID, "namespace/pod"."""

    containers: dict[str, str] = field(default_factory=dict)
    pods: dict[str, str] = field(default_factory=dict)

    def container(self, id_: object, *names: object) -> None:
        """Note one name, or namespace, pod and container; what is not of the allowed form is left out."""
        form = _NAME if len(names) == 1 else _KUBERNETES
        if _of(_ID, id_) and all(_of(form, name) or (name == SANDBOX and len(names) == 3) for name in names):
            self.containers[str(id_)] = "/".join(map(str, names))

    def pod(self, uid: object, namespace: object, pod: object) -> None:
        if _of(_UID, uid) and _of(_KUBERNETES, namespace) and _of(_KUBERNETES, pod):
            self.pods[str(uid)] = f"{namespace}/{pod}"

    def runtime_name(self, id_: object, name: object) -> None:
        """Note docker's or storage's name of a container; kubelet's own form says pod and container."""
        if not isinstance(name, str):
            return
        parts = name.removeprefix("/").split("_")
        if len(parts) == 6 and parts[0] == "k8s":
            self.container(id_, parts[3], parts[2], parts[1])
            self.pod(parts[4], parts[3], parts[2])
        else:
            self.container(id_, name.removeprefix("/"))


def run_command(command: list[str]) -> str | None:
    """Run `command` for at most `TIMEOUT_SECONDS` and return its output, None if it is absent or failed."""
    if command[0] == "podman" and os.geteuid() == 0 and not commands.is_admin():
        return None  # it would take root for a user, and set up storage and a namespace of its own, which stay
    ended = commands.run(command, TIMEOUT_SECONDS)
    return ended.output if ended.succeeded else None


# ---------------------------------------------------------------- files


def pod_names(root: Path) -> dict[str, str]:
    """Return "namespace/pod" by UID for the pods whose logs this node keeps; none on a host without kubelet."""
    names = Names()
    for folder in _listed(root / _POD_LOGS):
        namespace, _, rest = folder.partition("_")
        pod, _, uid = rest.partition("_")
        names.pod(uid, namespace, pod)
    return names.pods


def from_files(root: Path, ids: Iterable[str]) -> Names:
    """Return what the files below `root` say of the containers `ids`, and of all pods."""
    names = Names(pods=pod_names(root))
    _from_kubelet(root, names)
    _from_storage(root, names)
    for id_ in ids:
        if id_ not in names.containers:
            _from_docker(root, id_, names)
            _from_containerd(root, id_, names)
    return names


def _from_kubelet(root: Path, names: Names) -> None:
    for link in _listed(root / _CONTAINER_LOGS):
        if match := _LOG.fullmatch(link):
            pod, namespace, container, id_ = match.groups()
            names.container(id_, namespace, pod, container)


def _from_storage(root: Path, names: Names) -> None:
    set_there = _STORAGE_SET.findall(_text(root / _STORAGE_CONF))
    for storage in dict.fromkeys((*_STORAGES, *(path.lstrip("/") for path in set_there))):
        for folder in _listed(root / storage):
            if folder.endswith("-containers"):
                for file in ("containers.json", "volatile-containers.json"):
                    _storage_file(root / storage / folder / file, names)


def _storage_file(path: Path, names: Names) -> None:
    rows = _json(path)
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and isinstance(row.get("names"), list) and row["names"]:
            names.runtime_name(row.get("id"), row["names"][0])


def _from_docker(root: Path, id_: str, names: Names) -> None:
    config = _json(root / _DOCKER / id_ / "config.v2.json")
    if isinstance(config, dict) and "Name" in config:
        names.runtime_name(id_, config["Name"])


def _from_containerd(root: Path, id_: str, names: Names) -> None:
    for tasks in (f"{top}/io.containerd.runtime.v2.task" for top in _TASKS):
        for namespace in _listed(root / tasks):
            config = _json(root / tasks / namespace / id_ / "config.json")
            annotations = config.get("annotations") if isinstance(config, dict) else None
            if isinstance(annotations, dict):
                _annotated(id_, annotations, names)


def _annotated(id_: str, annotations: dict[str, Any], names: Names) -> None:
    cri = "io.kubernetes.cri"
    namespace, pod = annotations.get(f"{cri}.sandbox-namespace"), annotations.get(f"{cri}.sandbox-name")
    if namespace and pod:
        sandbox = annotations.get(f"{cri}.container-type") == "sandbox"
        names.container(id_, namespace, pod, SANDBOX if sandbox else annotations.get(f"{cri}.container-name"))
        names.pod(annotations.get(f"{cri}.sandbox-uid"), namespace, pod)
    elif "nerdctl/name" in annotations:
        names.container(id_, annotations["nerdctl/name"])


# ---------------------------------------------------------------- commands


def from_command(tool: str, run: Run) -> Names:
    """Return what "podman", "docker" or "crictl" says of all its containers; nothing if it does not answer."""
    names = Names()
    if tool == "crictl":
        _from_crictl(run(["crictl", "--timeout=2s", "ps", "--all", "--output=json"]), names)
        return names
    output = run([tool, "ps", "--all", "--no-trunc", "--format={{.ID}} {{.Names}}"]) or ""
    for line in output.splitlines():
        id_, _, called = line.strip().partition(" ")
        # docker adds the names under which others link to the container: "web1,other/web"
        own = [name for name in called.split(",") if "/" not in name]
        if own:
            names.runtime_name(id_, own[0])
    return names


def _from_crictl(output: str | None, names: Names) -> None:
    try:
        rows = json.loads(output or "{}")["containers"]
        for row in rows:
            labels = row["labels"]
            namespace, pod = labels["io.kubernetes.pod.namespace"], labels["io.kubernetes.pod.name"]
            names.container(row["id"], namespace, pod, labels["io.kubernetes.container.name"])
            names.pod(labels["io.kubernetes.pod.uid"], namespace, pod)
    except (ValueError, KeyError, TypeError, RecursionError):
        return  # not the answer that crictl gives: nothing is known


# ---------------------------------------------------------------- reading


def _of(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _listed(folder: Path) -> Iterator[str]:
    try:
        yield from sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return  # no such runtime here


def _json(path: Path) -> Any:
    """Return the content of a regular file; None if it is none, cannot be read, is too large or no JSON."""
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError):
        return None


def _text(path: Path) -> str:
    """Return the text of a regular file; "" if it is none, cannot be read, or is too large."""
    try:
        # O_NONBLOCK: a named pipe in its place must not hold anybody up
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ""
            text = file.read(MAX_FILE_BYTES + 1)
        return text.decode() if len(text) <= MAX_FILE_BYTES else ""
    except (OSError, ValueError):
        return ""
