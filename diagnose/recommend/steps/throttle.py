"""Hold a neighbour back on the device that it keeps busy: a rate below the one it made (pure).

The commands that set a rate are in `io_max.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.block import main_device
from diagnose.analysis.neighbours import person_level
from diagnose.analysis.windows import Windows
from diagnose.cgroups.paths import is_within
from diagnose.recommend.steps.io_max import DIRECTIONS, Device, Direction, limit_commands
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired

LEAST_SHARE = 0.05
"""Of a neighbour's requests: a direction that makes up less is not worth a limit."""


@dataclass(frozen=True)
class Rate:
    """Requests of one direction: how many a second a neighbour made, and how many it may make."""

    direction: Direction
    made_per_second: float
    to_per_second: int


@dataclass(frozen=True, kw_only=True)
class ThrottleDevice(Step):
    """Hold a neighbour on a device to half of the requests that it made."""

    cgroup: str
    device: str
    number: str | None
    """major:minor; None: not read."""
    rates: tuple[Rate, ...]
    cgroup_version: int
    """On v1 writes through the page cache go past the limit."""
    makes_cgroup: bool
    """v1: its processes have no blkio cgroup of their own, so that the commands make one."""


def throttle_neighbour(fired: Fired, facts: Facts) -> list[Step]:
    """Return a step for each culprit: half of the requests a second that it made."""
    windows, name = facts.windows, main_device(facts)
    if name is None:
        return []
    device = Device(name, next((d.number for d in windows.capture.devices if d.name == name), None))
    service = windows.capture.service.cgroup
    levels = dict.fromkeys(person_level(c.cgroup, service) for c in fired.culprits if c.cgroup in facts.by_path)
    found = (_throttled(path, device, windows) for path in levels)
    return [step for step in found if step is not None]


def _throttled(path: str, device: Device, windows: Windows) -> ThrottleDevice | None:
    record = windows.record_of(path)
    # The limit is for all that is below it, so that its rate is that of all, of culprits and others.
    rates = _rates(device.name, frozenset(i for i, p in windows.paths.items() if is_within(p, path)), windows)
    if record is None or not rates:
        return None
    limits = limit_commands(record, device, {rate.direction: rate.to_per_second for rate in rates}, windows)
    return ThrottleDevice(
        cgroup=path,
        device=device.name,
        number=device.number,
        rates=rates,
        cgroup_version=windows.capture.cgroup_version,
        makes_cgroup=limits.makes_cgroup,
        commands=limits.commands,
        undo=limits.undo,
    )


def _rates(device: str, ids: frozenset[int], windows: Windows) -> tuple[Rate, ...]:
    """Return half of what was made by direction, without a direction that is hardly used."""
    table, made = windows.capture.block_requests, dict.fromkeys(DIRECTIONS, 0)
    for name, op, cgroup, requests in zip(table.device, table.op, table.cgroup, table.requests, strict=True):
        if name == device and cgroup in ids:
            made["wiops" if op == "write" else "riops"] += requests
    least = max(1, LEAST_SHARE * sum(made.values()))
    used = {direction: count / windows.length for direction, count in made.items() if count >= least}
    return tuple(Rate(direction, rate, max(1, round(rate / 2))) for direction, rate in used.items())
