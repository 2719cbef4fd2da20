"""What every recommendation is made of: ready commands, and the words where no limit is safe (pure)."""

from __future__ import annotations

import re
import shlex

from diagnose import units
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import container_id, unit_of
from diagnose.cgroups.swap import MEMORY, WITH_SWAP, container_update, swap_beside
from diagnose.report.model import Recommendation


def no_limit(
    record: CgroupRecord,
    setting: str,
    why: str,
    lines: list[str],
    alternatives: list[str],
    risk: str,
    whom: str | None = None,
) -> Recommendation:
    """Return a recommendation without a value; `whom` the limit would be for, if for more than the cgroup alone."""
    return Recommendation(
        cgroup=record.path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=None,
        reason=f"No safe limit for {whom or record.path}: {why}.",
        arithmetic=lines,
        expected_effect="none from a limit, since none is suggested.",
        risk=risk,
        alternatives=alternatives,
        commands=[],
    )


def reserve_line(reserve: int, share: float, *parts: int) -> str:
    """Say what is kept in reserve, and of what: "5 % of 217 MiB + 18.7 MiB in reserve: 11.8 MiB"."""
    sums = " + ".join(units.size(part) for part in parts if part)
    return f"in reserve, {units.percent(share)} of {sums}: {units.size(reserve)}"


_SYSTEMD = {
    "memory.high": "MemoryHigh",
    "memory.max": "MemoryMax",
    "memory.low": "MemoryLow",
    "memory.limit_in_bytes": "MemoryLimit",
}
_CONTAINER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_CONTAINER_SETTINGS = ("memory.max", "memory.limit_in_bytes")


_NONE_IN_FILES = {"memory.limit_in_bytes": "-1", "memory.soft_limit_in_bytes": "-1", "memory.low": "0"}
"""What is written into a file to take a limit or a protection away; "max" into all others."""


def undo(record: CgroupRecord, setting: str, windows: Windows) -> list[str]:
    """Return what restores the value that the capture found."""
    before, both = record.settings.get(setting), _with_swap(record, setting)
    if before is not None:
        back = commands(record, setting, before, windows)
        return back if both is None else [*back, _by_file(record, WITH_SWAP, both, windows)]
    if record.managed_by == "systemd" and unit_of(record.path) is not None and setting in _SYSTEMD:
        return commands(record, setting, "0" if setting == "memory.low" else "infinity", windows)
    by_file = _by_file(record, setting, _NONE_IN_FILES.get(setting, "max"), windows)
    if record.managed_by in ("docker", "podman") and setting in _CONTAINER_SETTINGS:
        # `update --memory -1` is refused, and 0 changes nothing (moby issue 22516).
        return [f"{by_file}   # {record.managed_by} update cannot take a limit away"]
    if record.managed_by == "kubernetes" and setting in _CONTAINER_SETTINGS:
        return ["# take memory out of resources.limits in the container's spec again"]
    return commands(record, setting, _NONE_IN_FILES.get(setting, "max"), windows)


def commands(record: CgroupRecord, setting: str, value: int | str, windows: Windows) -> list[str]:
    """Return what to run for the way the cgroup is managed; names from the system are quoted."""
    unit = unit_of(record.path)
    if record.managed_by == "systemd" and unit is not None and setting in _SYSTEMD:
        return [f"systemctl set-property --runtime -- {shlex.quote(unit)} {_SYSTEMD[setting]}={value}"]
    container = container_id(record.path)
    if record.managed_by in ("docker", "podman") and setting in _CONTAINER_SETTINGS and container is not None:
        # a label may say more than a name ("4f8a1c2e9b7d in web.service"), which the runtime would not know
        known = record.name if record.name and _CONTAINER_NAME.fullmatch(record.name) else container
        return [" ".join(container_update(record.managed_by, known, value, swap_beside(record.settings, setting)))]
    by_file = _by_file(record, setting, value, windows)
    if record.managed_by == "kubernetes":
        # What is set on the node is undone by the kubelet; the pod's spec is where a limit stays.
        lasting = f'resources: {{limits: {{memory: "{value}"}}}}   # in the container\'s spec'
        return [lasting] if setting in _CONTAINER_SETTINGS else [f"{by_file}   # until the kubelet writes it anew"]
    both = _with_swap(record, setting)
    if both is not None and int(value) > both:
        more = int(value) + (swap_beside(record.settings, setting) or 0)
        return [_by_file(record, WITH_SWAP, more, windows), by_file]
    return [by_file]


def _with_swap(record: CgroupRecord, setting: str) -> int | None:
    """Return what a v1 limit that is set by file may not be above (EINVAL; cgroup-v1/memory.rst); None: nothing."""
    return record.settings.get(WITH_SWAP) if record.managed_by == "files" and setting == MEMORY else None


def _by_file(record: CgroupRecord, setting: str, value: int | str, windows: Windows) -> str:
    file = f"{windows.capture.cgroup_mount.rstrip('/')}{record.path}/{setting}"
    return f"echo {value} > {shlex.quote(file)}"


def lasting(record: CgroupRecord, setting: str, windows: Windows) -> str:
    """Say whether what `commands` sets is still there after a restart of the cgroup's owner, or of the host."""
    command = commands(record, setting, 0, windows)[0]
    if command.startswith("systemctl "):
        return (
            "It stays until the next boot; diagnose apply report.json --persistent (or systemctl set-property "
            "without --runtime) makes it stay after that."
        )
    if command.startswith(("docker ", "podman ")):
        return "It stays while the container exists; one that is made anew needs it in the options it is made with."
    if command.startswith("resources:"):
        return "It stays as long as it is in the pod's spec."
    if record.managed_by == "kubernetes":
        return "It stays until the kubelet writes the file anew; only what is in the pod's spec stays for good."
    return (
        "A value in a cgroup's file is gone once the cgroup is made anew, so at the latest with the next boot: to stay "
        "it must be set where the cgroup is made."
    )
