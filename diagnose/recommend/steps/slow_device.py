"""A device that answers slowly: the I/O limit that holds the service back, and where to look (pure).

Sources: cgroup-v2.rst (io.max), cgroup-v1/blkio-controller.rst, lsblk(8), losetup(8), iostat(1), smartctl(8).
"""

from __future__ import annotations

import shlex

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.block import main_device
from diagnose.analysis.facts.io_limits import IO_FILES_V1, HeldBack, chain_below, held_back
from diagnose.analysis.windows import Windows
from diagnose.escape import visible
from diagnose.recommend.steps.shell import directory, show
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired


def look_at_device(fired: Fired, facts: Facts) -> list[Step]:
    """Return the step that raises the service's own I/O limit, if one was read, and how to look at the device."""
    windows, name = facts.windows, main_device(facts)
    if name is None:
        return []
    limits = held_back(windows, name)
    raised = [_raised(limit, windows) for limit in (limits or [])]
    return [*(raised or [_limits(windows, limits is None)]), _look(windows, name)]


def _raised(limit: HeldBack, windows: Windows) -> Step:
    value, what = 2 * limit.allowed, "bytes" if limit.kind == "rbps" else "reads"
    return Step(
        says=f"raise the I/O limit on {visible(limit.device)} ({limit.number}), {limit.file} of "
        f"{limit.cgroup}, from {units.count(limit.allowed)} to {units.count(value)} {what} a second: twice, as a "
        "beginning; then measure again.",
        arithmetic=[f"twice {units.count(limit.allowed)} {what} a second: {units.count(value)}"],
        commands=[_set(limit, value, windows)],
        undo=[_set(limit, limit.allowed, windows)],
    )


def _set(limit: HeldBack, value: int, windows: Windows) -> str:
    record = windows.record_of(limit.cgroup)
    at = directory(record, "blkio", windows) if record is not None else None
    if windows.capture.cgroup_version == 2:
        return f'echo "{limit.number} {limit.kind}={value}" > {shlex.quote(f"{at}/io.max")}'
    return f'echo "{limit.number} {value}" > {shlex.quote(f"{at or limit.cgroup}/{limit.file}")}'


def _limits(windows: Windows, unread: bool) -> Step:
    """Return how to see whether a limit holds the service back."""
    service = windows.capture.service.cgroup
    if windows.capture.cgroup_version == 2:
        command = show(f"{windows.capture.cgroup_mount.rstrip('/')}{service}/io.max")
    else:
        record = windows.record_of(service)
        at = (directory(record, "blkio", windows) if record else None) or f"/sys/fs/cgroup/blkio{service}"
        command = show(*(f"{at}/{file}" for file in IO_FILES_V1.values()))
    said = "which is not in this capture" if unread else "of which this capture has none"
    return Step(says=f"see whether an I/O limit holds the service back, {said}.", commands=[command])


def _look(windows: Windows, name: str) -> Step:
    """Return how to look at the device, and at what is below it."""
    chain = [name, *chain_below(windows, name)]
    paths = [shlex.quote(f"/dev/{device}") for device in chain]
    loops = [path for device, path in zip(chain, paths, strict=True) if device.startswith("loop")]
    real = paths[-1]
    commands = [
        f"lsblk -s -o NAME,MAJ:MIN,TYPE,SIZE,ROTA,MODEL,MOUNTPOINTS {paths[0]}",
        *(f"losetup --list {path}" for path in loops),
        f"iostat -dxy 5 3 {' '.join(paths)}   # package sysstat: r/s, r_await in ms, aqu-sz, %util",
        f"smartctl -a {real}   # package smartmontools; virtual disks have no health of their own",
        "dmesg --level=err,warn | grep -iE 'i/o error|timeout|reset' | tail",
    ]
    told = ", ".join(f"{visible(d)} below it" for d in chain[1:])
    return Step(
        says=f"look at {visible(name)}{f', and at {told}' if told else ''}: rate, queue, health, errors; of a cloud "
        "volume compare the rate with the quota that its provider shows.",
        commands=commands,
    )
