"""The commands that limit a cgroup's requests on a device, for the way it is managed, and those that undo it (pure).

Sources: cgroup-v2.rst (io.max), cgroup-v1/blkio-controller.rst (blkio.throttle.*), systemd.resource-control(5).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import unit_of
from diagnose.cgroups.spelling import quoted
from diagnose.recommend.steps.shell import directory, members

Direction = Literal["riops", "wiops"]
"""Requests a second, as io.max names them."""
DIRECTIONS: tuple[Direction, ...] = ("riops", "wiops")
_FILES_V1: dict[Direction, str] = {
    "riops": "blkio.throttle.read_iops_device",
    "wiops": "blkio.throttle.write_iops_device",
}
_PROPERTIES: dict[Direction, str] = {"riops": "IOReadIOPSMax", "wiops": "IOWriteIOPSMax"}


@dataclass(frozen=True)
class Device:
    """A block device; `number`: major:minor, None: not read."""

    name: str
    number: str | None

    @property
    def known_as(self) -> str:
        """What stands for major:minor within double quotes of a command."""
        return self.number or f"$(cat {quoted('/sys/block/' + self.name.replace('/', '!') + '/dev')})"


@dataclass(frozen=True)
class LimitCommands:
    """`makes_cgroup`: v1, the cgroup's processes have no blkio cgroup, so that the commands make one."""

    commands: tuple[str, ...]
    undo: tuple[str, ...]
    makes_cgroup: bool = False


def limit_commands(
    record: CgroupRecord, device: Device, values: Mapping[Direction, int], windows: Windows
) -> LimitCommands:
    """Return what sets the rates (requests a second) and what restores those of before."""
    before = {kind: record.io_limits.get(kind, {}).get(device.number or "") for kind in values}
    if windows.capture.cgroup_version == 1:
        return _by_file_v1(record, device, values, before, windows)
    unit = unit_of(record.path)
    if record.managed_by == "systemd" and unit is not None:
        start = f"systemctl set-property --runtime -- {shlex.quote(unit)} "
        # An empty value would take the limits of every device away.
        back = {kind: "infinity" if value is None else value for kind, value in before.items()}
        return LimitCommands((start + _properties(device, values),), (start + _properties(device, back),))
    file = quoted(f"{directory(record, 'io', windows)}/io.max")
    new = " ".join(f"{kind}={value}" for kind, value in values.items())
    old = " ".join(f"{kind}={'max' if value is None else value}" for kind, value in before.items())
    return LimitCommands((f'echo "{device.known_as} {new}" > {file}',), (f'echo "{device.known_as} {old}" > {file}',))


def _properties(device: Device, values: Mapping[Direction, int | str]) -> str:
    return " ".join(f"{_PROPERTIES[k]}={quoted(f'/dev/{device.name} {v}')}" for k, v in values.items())


def _by_file_v1(
    record: CgroupRecord,
    device: Device,
    values: Mapping[Direction, int],
    before: Mapping[Direction, int | None],
    windows: Windows,
) -> LimitCommands:
    at, made, undone = directory(record, "blkio", windows), list[str](), list[str]()
    makes_cgroup = at is None
    if at is None:
        # Nothing of its own in that hierarchy: a cgroup of the same path is made there, and its processes join it.
        mount = windows.capture.mounts.get("blkio", "/sys/fs/cgroup/blkio").rstrip("/")
        at = f"{mount}{record.path}"
        inside = members(f"{windows.capture.cgroup_mount.rstrip('/')}{record.path}")
        made = [
            f"{inside} | sed 's|.*|/proc/&/cgroup|' | xargs grep -h blkio | sort | uniq -c",
            f"mkdir -p {quoted(at)}",
            _moved(inside, f"{at}/cgroup.procs"),
        ]
        undone = [_moved(members(at), f"{mount}/cgroup.procs"), f"rmdir {quoted(at)}"]
    limits = [f'echo "{device.known_as} {v}" > {quoted(f"{at}/{_FILES_V1[k]}")}' for k, v in values.items()]
    back = [f'echo "{device.known_as} {v or 0}" > {quoted(f"{at}/{_FILES_V1[k]}")}' for k, v in before.items()]
    return LimitCommands((*made, *limits), (*back, *undone), makes_cgroup)


def _moved(source: str, target: str) -> str:
    return f'{source} | while read -r pid; do echo "$pid" > {quoted(target)}; done'
