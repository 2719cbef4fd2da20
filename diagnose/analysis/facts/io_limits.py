"""Facts about what holds the service's reads back on its device: an I/O limit of its own, what lies below (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose import units
from diagnose.analysis.facts.block import main_device, mean_read_by_device
from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.analysis.windows import Windows
from diagnose.cgroups.paths import is_within
from diagnose.escape import visible

IO_FILES_V1 = {"riops": "blkio.throttle.read_iops_device", "rbps": "blkio.throttle.read_bps_device"}
MAX_DEPTH = 8
REACHED = 0.9
"""Of what a limit allows: whoever made so much was held back by it, since the rate within a second is uneven."""


@dataclass(frozen=True)
class HeldBack:
    """An I/O limit on the service, or above it, for a device that its reads go through."""

    cgroup: str
    device: str
    number: str
    kind: str
    """"riops" or "rbps", as in io.max."""
    file: str
    allowed: int
    """A second."""


def chain_below(windows: Windows, name: str) -> list[str]:
    """Return the devices below one, the nearest first; empty: it has none, or that was not read."""
    below = {device.name: device.below for device in windows.capture.devices}
    chain: list[str] = []
    level = list(below.get(name, []))
    while level and len(chain) < MAX_DEPTH:
        chain += [device for device in level if device not in chain]
        level = [d for device in level for d in below.get(device, []) if d not in chain]
    return chain


def held_back(windows: Windows, name: str) -> list[HeldBack] | None:
    """Return the I/O limits on reads of the service on a device and those below; None: they were not looked for."""
    numbers = {device.name: device.number for device in windows.capture.devices}
    if name not in numbers:
        return None
    version, service = windows.capture.cgroup_version, windows.capture.service.cgroup
    found = []
    for record in windows.capture.cgroups:
        if not is_within(service, record.path):
            continue
        for device in (name, *chain_below(windows, name)):
            for kind, file in IO_FILES_V1.items():
                allowed = record.io_limits.get(kind, {}).get(numbers.get(device, ""))
                if allowed:
                    setting = file if version == 1 else "io.max"
                    found.append(HeldBack(record.path, device, numbers[device], kind, setting, allowed))
    return found


@fact("block.held_back", "", "text", "cgroups")
def io_limits(f: Facts) -> str | None:
    """The I/O limit of the service's own on that device, or on one below it."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    if name is None:
        return None
    limits = held_back(f.windows, name)
    if limits is None:
        return f"whether an I/O limit holds the service back on {visible(name)} was not measured"
    if not limits:
        return (
            f"no I/O limit of the service's own is set on {visible(name)}, so that it is slow itself, or what is below"
        )
    return " and ".join(_told(limit, f) for limit in limits)


def reached(f: Facts) -> list[HeldBack]:
    """Return the I/O limits that the service's reads were held back by, on its device and below."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    limits = held_back(f.windows, name) if name is not None else None
    return [limit for limit in limits or [] if made(f, limit) >= REACHED * limit.allowed]


def made(f: Facts, limit: HeldBack) -> float:
    """Return what was read on the limit's device by all that it holds for, a second: reads, or bytes."""
    table = f.windows.capture.block_requests
    within = {record.id for record in f.windows.capture.cgroups if is_within(record.path, limit.cgroup)}
    ids = within | f.windows.service_ids
    amounts = table.bytes if limit.kind == "rbps" else table.requests
    read = sum(
        amount
        for name, op, cgroup, amount in zip(table.device, table.op, table.cgroup, amounts, strict=True)
        if name == limit.device and op == "read" and cgroup in ids
    )
    return read / f.windows.length


@fact("block.whose", "", "text", "block")
def slowed_by(f: Facts) -> str | None:
    """Who makes that device slow for the service, as far as that was read."""
    if not f.windows.probe_attached("block"):
        return None
    limits = reached(f)
    if not limits:
        return "nobody else"
    service = f.windows.capture.service.cgroup
    around = next((limit.cgroup for limit in limits if limit.cgroup != service), None)
    return "the service itself, at an I/O limit of its own" if around is None else f"the I/O limit of {around}"


@fact("block.mend", "", "text", "block")
def remedy(f: Facts) -> str | None:
    """What to do about a device that nobody else keeps busy."""
    if not f.windows.probe_attached("block"):
        return None
    if reached(f):
        return "Raise the I/O limit that was reached, or let the service make fewer reads"
    taken = units.duration(f.number("block.own_mean_service"))
    return f"Mend what makes {f.text('block.own_device')} take {taken} for a read, or move the data to another device"


@fact("block.limited_others", "", "text", "block")
def others_on_limited_devices(f: Facts) -> str | None:
    """How much others used the device that such a limit is for."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    if name is None:
        return None
    devices = list(dict.fromkeys(limit.device for limit in held_back(f.windows, name) or [])) or [name]
    return " and ".join(_others_on(device, f) for device in devices)


def _others_on(device: str, f: Facts) -> str:
    table = f.windows.capture.block_requests
    there = [
        (requests, cgroup not in f.windows.service_ids)
        for name, cgroup, requests in zip(table.device, table.cgroup, table.requests, strict=True)
        if name == device
    ]
    others = sum(requests for requests, other in there if other)
    return (
        f"on {visible(device)} they made {units.count(others)} of {units.counted(sum(n for n, _ in there), 'requests')}"
    )


def _told(limit: HeldBack, f: Facts) -> str:
    allowed = (
        f"{units.count(limit.allowed)} reads/s" if limit.kind == "riops" else f"{units.size(limit.allowed)}/s of reads"
    )
    rate = made(f, limit)
    done = units.number(rate) if limit.kind == "riops" else f"{units.size(rate)}/s"
    own = limit.cgroup == f.windows.capture.service.cgroup
    whose = "of the service's own holds it" if own else f"of {limit.cgroup}, in which the service lies, holds that"
    return (
        f"a limit {whose} to {allowed} on {visible(limit.device)} ({limit.file} of {limit.cgroup}), and it made {done}"
    )


@fact("block.layers", "", "text", "block")
def layers(f: Facts) -> str | None:
    """What that device is made of, and how long its reads took there."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    if name is None:
        return None
    known = {device.name: device for device in f.windows.capture.devices}
    means = mean_read_by_device(f)
    if name not in known:
        return f"what {visible(name)} is made of was not measured (lsblk -s shows it)"
    below = chain_below(f.windows, name)
    if not below:
        return f"nothing is known to lie below {visible(name)}"
    file = known[name].backing_file
    what = f"the file {visible(file)} on {visible(below[0])}" if file else " and ".join(map(visible, below))
    told = f"{visible(name)} is {what}" if file else f"{visible(name)} lies on {what}"
    timed = [f"{visible(d)} served the service's reads in {units.duration_ns(means[d])}" for d in below if d in means]
    if not timed:
        return told
    slower = means.get(name, 0.0) > 2 * max(means[d] for d in below if d in means)
    lost = ", so the time is lost above that" if slower else ""
    return f"{told}; {' and '.join(timed)} on average, against {units.duration_ns(means.get(name))} here{lost}"
