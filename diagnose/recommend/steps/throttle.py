"""Hold a neighbour back on the device that it keeps busy: a rate below the one it made (pure).

Sources: cgroup-v2.rst (io.max), cgroup-v1/blkio-controller.rst (blkio.throttle.*), systemd.resource-control(5).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.block import main_device
from diagnose.analysis.neighbours import person_level
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import unit_of
from diagnose.cgroups.paths import is_within
from diagnose.escape import visible
from diagnose.recommend.steps.shell import directory, members
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired

LEAST_SHARE = 0.05
"""Of a neighbour's requests: a direction that makes up less is not worth a limit."""
_FILES_V1 = {"riops": "blkio.throttle.read_iops_device", "wiops": "blkio.throttle.write_iops_device"}
_PROPERTIES = {"riops": "IOReadIOPSMax", "wiops": "IOWriteIOPSMax"}
_NOUNS = {"riops": "reads", "wiops": "writes"}


@dataclass(frozen=True)
class _Device:
    name: str
    number: str | None

    @property
    def known_as(self) -> str:
        """What stands for major:minor within double quotes of a command."""
        return self.number or f"$(cat {shlex.quote('/sys/block/' + self.name.replace('/', '!') + '/dev')})"


def throttle_neighbour(fired: Fired, facts: Facts) -> list[Step]:
    """Return a step for each culprit: half of the requests a second that it made."""
    windows, name = facts.windows, main_device(facts)
    if name is None:
        return []
    device = _Device(name, next((d.number for d in windows.capture.devices if d.name == name), None))
    service = windows.capture.service.cgroup
    levels = dict.fromkeys(person_level(c.cgroup, service) for c in fired.culprits if c.cgroup in facts.by_path)
    found = (_throttled(path, device, windows) for path in levels)
    return [step for step in found if step is not None]


def _throttled(path: str, device: _Device, windows: Windows) -> Step | None:
    record = windows.record_of(path)
    # The limit is for all that is below it, so that its rate is that of all, of culprits and others.
    rates = _rates(device.name, frozenset(i for i, p in windows.paths.items() if is_within(p, path)), windows)
    if record is None or not rates:
        return None
    values = {kind: max(1, round(rate / 2)) for kind, rate in rates.items()}
    told = " and ".join(
        f"{units.count(values[kind])} {_NOUNS[kind]} a second (it made {units.count(rate)})"
        for kind, rate in rates.items()
    )
    number = f" ({device.number})" if device.number else ""
    commands, undo, note = _commands(record, device, values, windows)
    return Step(
        says=f"hold {path} on {visible(device.name)}{number} to {told}: half, to begin with; then measure again.{note}",
        arithmetic=[f"{_NOUNS[k]}: half of {units.count(rates[k])} a second: {values[k]:,}" for k in rates],
        commands=commands,
        undo=undo,
    )


def _rates(device: str, ids: frozenset[int], windows: Windows) -> dict[str, float]:
    """Return requests a second by direction, without a direction that is hardly used."""
    table, made = windows.capture.block_requests, {"riops": 0, "wiops": 0}
    for name, op, cgroup, requests in zip(table.device, table.op, table.cgroup, table.requests, strict=True):
        if name == device and cgroup in ids:
            made["wiops" if op == "write" else "riops"] += requests
    return {
        kind: count / windows.length
        for kind, count in made.items()
        if count >= max(1, LEAST_SHARE * sum(made.values()))
    }


def _commands(
    record: CgroupRecord, device: _Device, values: dict[str, int], windows: Windows
) -> tuple[list[str], list[str], str]:
    """Return what sets the rates, what restores those of before, and what else is to be known about it."""
    before = {kind: record.io_limits.get(kind, {}).get(device.number or "") for kind in values}
    unit = unit_of(record.path)
    if windows.capture.cgroup_version == 2:
        if record.managed_by == "systemd" and unit is not None:
            set_to = [f"{_PROPERTIES[k]}={shlex.quote(f'/dev/{device.name} {v}')}" for k, v in values.items()]
            # An empty value would take the limits of every device away.
            values_before = {k: "infinity" if v is None else v for k, v in before.items()}
            back = [f"{_PROPERTIES[k]}={shlex.quote(f'/dev/{device.name} {v}')}" for k, v in values_before.items()]
            start = f"systemctl set-property --runtime -- {shlex.quote(unit)} "
            return [start + " ".join(set_to)], [start + " ".join(back)], ""
        file = shlex.quote(f"{directory(record, 'io', windows)}/io.max")
        new = " ".join(f"{kind}={value}" for kind, value in values.items())
        old = " ".join(f"{kind}={'max' if value is None else value}" for kind, value in before.items())
        return [f'echo "{device.known_as} {new}" > {file}'], [f'echo "{device.known_as} {old}" > {file}'], ""
    return _commands_v1(record, device, values, before, windows)


def _commands_v1(
    record: CgroupRecord,
    device: _Device,
    values: dict[str, int],
    before: dict[str, int | None],
    windows: Windows,
) -> tuple[list[str], list[str], str]:
    at, made = directory(record, "blkio", windows), []
    note = " cgroup v1 holds back reads and direct writes; writes through the page cache go past it."
    undone: list[str] = []
    if at is None:
        # Nothing of its own in that hierarchy: a cgroup of the same path is made there, and its processes join it.
        mount = windows.capture.mounts.get("blkio", "/sys/fs/cgroup/blkio").rstrip("/")
        at = f"{mount}{record.path}"
        inside = members(f"{windows.capture.cgroup_mount.rstrip('/')}{record.path}")
        made = [
            f"{inside} | sed 's|.*|/proc/&/cgroup|' | xargs grep -h blkio | sort | uniq -c",
            f"mkdir -p {shlex.quote(at)}",
            _moved(inside, f"{at}/cgroup.procs"),
        ]
        undone = [_moved(members(at), f"{mount}/cgroup.procs"), f"rmdir {shlex.quote(at)}"]
        note += (
            " Its processes have no blkio cgroup of their own, so one is made for them; the first command shows where "
            "they are now, and the way back takes that for the root."
        )
    limits = [f'echo "{device.known_as} {v}" > {shlex.quote(f"{at}/{_FILES_V1[k]}")}' for k, v in values.items()]
    back = [f'echo "{device.known_as} {v or 0}" > {shlex.quote(f"{at}/{_FILES_V1[k]}")}' for k, v in before.items()]
    return made + limits, back + undone, note


def _moved(source: str, target: str) -> str:
    return f'{source} | while read -r pid; do echo "$pid" > {shlex.quote(target)}; done'
