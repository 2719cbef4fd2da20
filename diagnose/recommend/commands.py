"""What to run for a change and to take it back, and how long the change stays (pure)."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import container_id, unit_of
from diagnose.cgroups.settings import SETTINGS, set_through
from diagnose.cgroups.spelling import quoted
from diagnose.cgroups.swap import MEMORY, WITH_SWAP, container_update, swap_beside

Note = Literal[
    "docker-sets-no-unlimited", "podman-sets-no-unlimited", "in-pod-spec", "until-kubelet", "out-of-pod-spec"
]
"""What a person should know beside a command: the runtime's `update` cannot take a limit away, the line belongs into
the spec of a container, kubelet will overwrite the file; or, without a command, to take the limit out of the spec."""
Lasts = Literal["systemd-runtime", "container", "pod-spec", "kubelet", "file"]
"""Until when a change stays: the next boot, the end of the container, a change of the spec, kubelet's next turn, the
end of the cgroup."""

_CONTAINER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Command:
    """A line for a shell, names from the system quoted; "": there is nothing to run but the note to heed."""

    line: str
    note: Note | None = None


def commands(record: CgroupRecord, setting: str, value: int | str, windows: Windows) -> tuple[Command, ...]:
    """Return what to run for the way the cgroup is managed."""
    asked = set_through(record.path, record.managed_by, setting)
    if asked == "systemd":
        unit, known = unit_of(record.path) or "", SETTINGS[setting].systemd_property
        return (Command(f"systemctl set-property --runtime -- {shlex.quote(unit)} {known}={value}"),)
    if asked in ("docker", "podman"):
        words = container_update(asked, _container(record), value, swap_beside(record.settings, setting))
        return (Command(shlex.join(words)),)
    if asked == "kubernetes":
        # What is set on the node is undone by the kubelet; the pod's spec is where a limit stays.
        return (Command(f'resources: {{limits: {{memory: "{value}"}}}}', "in-pod-spec"),)
    by_file = _by_file(record, setting, value, windows)
    if record.managed_by == "kubernetes":
        return (Command(by_file, "until-kubelet"),)
    both = _with_swap(record, setting)
    if both is not None and int(value) > both:
        more = int(value) + (swap_beside(record.settings, setting) or 0)
        return (Command(_by_file(record, WITH_SWAP, more, windows)), Command(by_file))
    return (Command(by_file),)


def undo(record: CgroupRecord, setting: str, windows: Windows) -> tuple[Command, ...]:
    """Return what restores the value that the capture found."""
    before, both = record.settings.get(setting), _with_swap(record, setting)
    if before is not None:
        back = commands(record, setting, before, windows)
        return back if both is None else (*back, Command(_by_file(record, WITH_SWAP, both, windows)))
    asked, none = set_through(record.path, record.managed_by, setting), SETTINGS[setting].none
    if asked == "systemd":
        return commands(record, setting, "infinity" if SETTINGS[setting].limits else none, windows)
    if asked in ("docker", "podman"):
        # `update --memory -1` is refused, and 0 changes nothing (moby issue 22516).
        note: Note = "docker-sets-no-unlimited" if asked == "docker" else "podman-sets-no-unlimited"
        return (Command(_by_file(record, setting, none, windows), note),)
    if asked == "kubernetes":
        return (Command("", "out-of-pod-spec"),)
    return commands(record, setting, none, windows)


def lasts(record: CgroupRecord, setting: str) -> Lasts:
    """Return how long what `commands` sets is still there."""
    asked = set_through(record.path, record.managed_by, setting)
    if asked == "systemd":
        return "systemd-runtime"
    if asked in ("docker", "podman"):
        return "container"
    if asked == "kubernetes":
        return "pod-spec"
    return "kubelet" if record.managed_by == "kubernetes" else "file"


def _container(record: CgroupRecord) -> str:
    # A label may say more than a name ("4f8a1c2e9b7d in web.service"), which the runtime would not know.
    known = record.name if record.name and _CONTAINER_NAME.fullmatch(record.name) else container_id(record.path)
    return known or ""


def _with_swap(record: CgroupRecord, setting: str) -> int | None:
    """Return what a v1 limit that is set by file may not be above (EINVAL; cgroup-v1/memory.rst); None: nothing."""
    return record.settings.get(WITH_SWAP) if record.managed_by == "files" and setting == MEMORY else None


def _by_file(record: CgroupRecord, setting: str, value: int | str, windows: Windows) -> str:
    file = f"{windows.capture.cgroup_mount.rstrip('/')}{record.path}/{setting}"
    return f"echo {value} > {quoted(file)}"
