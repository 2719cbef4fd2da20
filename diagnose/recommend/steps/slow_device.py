"""A device that answers slowly: the I/O limit that holds the service back, and where to look (pure).

Sources: cgroup-v2.rst (io.max), cgroup-v1/blkio-controller.rst, lsblk(8), losetup(8), iostat(1), smartctl(8).
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.block import main_device
from diagnose.analysis.facts.io_limits import IO_FILES_V1, IoLimit, chain_below, limits_on_reads
from diagnose.analysis.windows import Windows
from diagnose.cgroups.spelling import quoted
from diagnose.recommend.steps.shell import directory, show
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired


@dataclass(frozen=True, kw_only=True)
class RaiseIoLimit(Step):
    """Raise the I/O limit on reads of the service, or of a cgroup above it, for a device: twice, to begin with."""

    limit: IoLimit
    to_per_second: int
    """Reads or bytes, as the limit's kind says."""


@dataclass(frozen=True, kw_only=True)
class ShowIoLimits(Step):
    """See whether an I/O limit holds the service back."""

    looked_for: bool
    """Whether the capture looked for one (and found none)."""


@dataclass(frozen=True, kw_only=True)
class InspectDevice(Step):
    """Look at the device, and at what is below it."""

    device: str
    below: tuple[str, ...]
    """The nearest first."""


def look_at_device(fired: Fired, facts: Facts) -> list[Step]:
    """Return the step that raises the service's own I/O limit, if one was read, and how to look at the device."""
    windows, name = facts.windows, main_device(facts)
    if name is None:
        return []
    limits = limits_on_reads(windows, name)
    if not limits:
        return [_show_limits(windows, looked_for=limits is not None), _inspect(windows, name)]
    return [*(_raised(limit, windows) for limit in limits), _inspect(windows, name)]


def _raised(limit: IoLimit, windows: Windows) -> RaiseIoLimit:
    return RaiseIoLimit(
        limit=limit,
        to_per_second=2 * limit.allowed,
        commands=(_set(limit, 2 * limit.allowed, windows),),
        undo=(_set(limit, limit.allowed, windows),),
    )


def _set(limit: IoLimit, value: int, windows: Windows) -> str:
    record = windows.record_of(limit.cgroup)
    at = directory(record, "blkio", windows) if record is not None else None
    if windows.capture.cgroup_version == 2:
        return f'echo "{limit.number} {limit.kind}={value}" > {quoted(f"{at}/io.max")}'
    return f'echo "{limit.number} {value}" > {quoted(f"{at or limit.cgroup}/{limit.file}")}'


def _show_limits(windows: Windows, looked_for: bool) -> ShowIoLimits:
    service = windows.capture.service.cgroup
    if windows.capture.cgroup_version == 2:
        command = show(f"{windows.capture.cgroup_mount.rstrip('/')}{service}/io.max")
    else:
        record = windows.record_of(service)
        at = (directory(record, "blkio", windows) if record else None) or f"/sys/fs/cgroup/blkio{service}"
        command = show(*(f"{at}/{file}" for file in IO_FILES_V1.values()))
    return ShowIoLimits(looked_for=looked_for, commands=(command,))


def _inspect(windows: Windows, name: str) -> InspectDevice:
    chain = [name, *chain_below(windows, name)]
    paths = [quoted(f"/dev/{device}") for device in chain]
    loops = [path for device, path in zip(chain, paths, strict=True) if device.startswith("loop")]
    return InspectDevice(
        device=name,
        below=tuple(chain[1:]),
        commands=(
            f"lsblk -s -o NAME,MAJ:MIN,TYPE,SIZE,ROTA,MODEL,MOUNTPOINTS {paths[0]}",
            *(f"losetup --list {path}" for path in loops),
            f"iostat -dxy 5 3 {' '.join(paths)}   # package sysstat: r/s, r_await in ms, aqu-sz, %util",
            f"smartctl -a {paths[-1]}   # package smartmontools; virtual disks have no health of their own",
            "dmesg --level=err,warn | grep -iE 'i/o error|timeout|reset' | tail",
        ),
    )
