r"""What a cgroup's path says about it: the unit, container or pod it belongs to, and who manages it.

Layouts: systemd (systemd.resource-control(5), escapes as in systemd-escape(1)); docker and podman with the systemd
driver (`docker-ID.scope`, `libpod-ID.scope`) and the cgroupfs driver (`/docker/ID`, `/libpod_parent/libpod-ID`);
kubelet with containerd and CRI-O, systemd driver (`kubepods-burstable-podUID.slice/cri-containerd-ID.scope`, dashes of
the UID as underscores) and cgroupfs driver (`/kubepods/burstable/podUID/ID`). nerdctl's containers are transient scopes
of systemd (`nerdctl-ID.scope`).
"""

from __future__ import annotations

import re
from typing import Literal

from diagnose.cgroups.paths import components, kernel_name, printable
from diagnose.escape import hidden

Manager = Literal["files", "systemd", "docker", "podman", "kubernetes"]

SHORT_ID = 12
"""Digits of a container's id that docker and podman print."""

UNIT_SUFFIXES = (".service", ".scope", ".slice", ".socket", ".mount", ".swap")
"""Of the units that have a cgroup."""

_CONTAINER = re.compile(
    r"(?:(?P<runtime>docker|libpod-payload|libpod|cri-containerd|crio|nerdctl)-)?(?P<id>[0-9a-f]{64})(?:\.scope)?"
)
_RUNTIMES: dict[str, Manager] = {
    "docker": "docker",
    "libpod": "podman",
    "libpod-payload": "podman",
    "cri-containerd": "kubernetes",
    "crio": "kubernetes",
    "nerdctl": "systemd",
}
_POD = re.compile(r"(?:.*-)?pod(?P<uid>[0-9a-f]{32}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice)?")
_KUBEPODS = re.compile(r"(?:^|-)kubepods(?:$|[-.])")
_USER_MANAGER = re.compile(r"user@[0-9]+\.service")
_ESCAPES = re.compile(r"(?:\\x[0-9a-f]{2})+")


def name_of(path: str) -> tuple[str | None, Manager]:
    """Return the name a person knows (None: no other than the path) and who manages the cgroup."""
    parts = components(path)
    if not parts:
        return None, "files"
    if (container := container_id(path)) is not None:
        return container[:SHORT_ID], _container_manager(parts)
    if any(_KUBEPODS.search(part) for part in parts) and not _inside(parts):
        uid = pod_uid(path)
        return (f"pod{uid}" if uid else unescape(parts[-1])), "kubernetes"
    return _unit_name(parts)


def container_id(path: str) -> str | None:
    """Return the 64-digit id of the container whose own cgroup this is; a cgroup inside a container has none."""
    parts = components(path)
    match = _CONTAINER.fullmatch(parts[-1]) if parts else None
    return match["id"] if match and not _inside(parts) else None


def pod_uid(path: str) -> str | None:
    """Return the UID, with dashes, of the Kubernetes pod whose own cgroup this is."""
    parts = components(path)
    if not any(_KUBEPODS.search(part) for part in parts):
        return None
    match = _POD.fullmatch(parts[-1])
    return match["uid"].replace("_", "-") if match else None


def unit_of(path: str) -> str | None:
    """Return the systemd unit, as systemctl takes it (with its escapes), whose own cgroup this is.

    None for a name that no unit has, since it cannot be seen: somebody else named a cgroup so.
    """
    parts = components(path)
    if not parts or _unit_name(parts)[1] != "systemd":
        return None
    unit = kernel_name(parts[-1])
    return None if any(map(hidden, unit)) else unit


def is_unit(path: str) -> bool:
    """Tell whether the cgroup is named like a unit, systemd's or a user manager's, and is no container's."""
    return path.endswith(UNIT_SUFFIXES) and container_id(path) is None


def unescape(unit: str) -> str:
    r"""Undo systemd's \xNN escapes for display, of a unit's name as a path spells it; none if they hide something."""
    name = kernel_name(unit)
    text = _ESCAPES.sub(lambda m: bytes.fromhex(m[0].replace("\\x", "")).decode(errors="surrogateescape"), name)
    return text if printable(text) == text else unit


def _container_manager(parts: list[str]) -> Manager:
    match = _CONTAINER.fullmatch(parts[-1])
    runtime = match["runtime"] if match else None
    if any(_KUBEPODS.search(part) for part in parts):
        return "kubernetes"
    if runtime is not None:
        return _RUNTIMES[runtime]
    # 64 digits alone: docker's cgroupfs driver under its own folder; elsewhere nobody says whose they are
    return "docker" if parts[-2:-1] == ["docker"] else "files"


def _inside(parts: list[str]) -> bool:
    """Tell whether a cgroup lies in a container's; podman's pods bear an id as well (`/libpod_parent/ID/libpod-ID`)."""
    above = parts[2:-1] if parts[0] == "libpod_parent" else parts[:-1]
    return any(_CONTAINER.fullmatch(part) for part in above)


def _unit_name(parts: list[str]) -> tuple[str | None, Manager]:
    *above, leaf = parts
    if not leaf.endswith(UNIT_SUFFIXES):
        return None, "files"
    holders = [part for part in above if not part.endswith(".slice")]
    if not holders:
        return unescape(leaf), "systemd"
    # A user's own units: the system's systemctl does not manage them, and may have others of the same name
    if _USER_MANAGER.fullmatch(holders[0]) and len(holders) == 1:
        return unescape(leaf), "files"
    return None, "files"
