"""Facts about what holds the service's reads back on its device: an I/O limit of its own, what lies below (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts.block import DeviceTime, main_device, mean_read_by_device
from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.analysis.windows import Windows
from diagnose.cgroups.paths import is_within

IO_FILES_V1 = {"riops": "blkio.throttle.read_iops_device", "rbps": "blkio.throttle.read_bps_device"}
MAX_DEPTH = 8
REACHED = 0.9
"""Of what a limit allows: who made so much was held back by it, since the rate within a second is uneven."""


@dataclass(frozen=True)
class IoLimit:
    """An I/O limit on the service, or above it, for a device that its reads go through."""

    cgroup: str
    device: str
    number: str
    kind: str
    """"riops" or "rbps", as in io.max."""
    file: str
    allowed: int
    """A second."""


@dataclass(frozen=True)
class LimitedReads:
    """What was read under an I/O limit. `own`: the service's cgroup has it, not one above."""

    limit: IoLimit
    own: bool
    made: float
    """A second: reads, or bytes, as the limit's kind."""


@dataclass(frozen=True)
class IoLimits:
    """The I/O limits on the service's reads from a device or those below it; None: they were not looked for."""

    device: str
    limits: tuple[LimitedReads, ...] | None


@dataclass(frozen=True)
class DeviceSlowedBy:
    """Who makes the device slow for the service: a limit on it that was reached, its own or `cgroup`'s, or nobody."""

    by: Literal["own-limit", "limit-above", "nobody"]
    cgroup: str | None = None


@dataclass(frozen=True)
class DeviceRemedy:
    """Whether an I/O limit was reached; if not, the device and its mean time for a read are what to look at."""

    limit_reached: bool
    device: str
    mean_service_seconds: float | None


@dataclass(frozen=True)
class OthersOnDevice:
    """Requests of others than the service on a device, and of all."""

    device: str
    others: int
    requests: int


@dataclass(frozen=True)
class OthersOnDevices:
    """Those of each device that a limit is for; without one, of the service's."""

    devices: tuple[OthersOnDevice, ...]


@dataclass(frozen=True)
class DeviceLayers:
    """What a device is made of. `known`: whether that was read."""

    device: str
    known: bool
    below: tuple[str, ...] = ()
    """The devices below, the nearest first."""
    backing_file: str | None = None
    """Of a loop device: the file on the first of them."""
    mean_ns: float | None = None
    """For a read of the service on the device itself."""
    timed: tuple[DeviceTime, ...] = ()
    """The same of those below, as far as they were seen."""

    @property
    def lost_above(self) -> bool:
        """Whether the device took more than twice as long as any below it."""
        return bool(self.timed) and (self.mean_ns or 0.0) > 2 * max(time.mean_ns for time in self.timed)


def chain_below(windows: Windows, name: str) -> list[str]:
    """Return the devices below one, the nearest first; empty: it has none, or that was not read."""
    below = {device.name: device.below for device in windows.capture.devices}
    chain: list[str] = []
    level = list(below.get(name, []))
    while level and len(chain) < MAX_DEPTH:
        chain += [device for device in level if device not in chain]
        level = [d for device in level for d in below.get(device, []) if d not in chain]
    return chain


def limits_on_reads(windows: Windows, name: str) -> list[IoLimit] | None:
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
                    found.append(IoLimit(record.path, device, numbers[device], kind, setting, allowed))
    return found


@fact("block.held_back", "", "text", "cgroups")
def io_limits(f: Facts) -> IoLimits | None:
    """The I/O limit of the service's own on that device, or on one below it."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    if name is None:
        return None
    limits, service = limits_on_reads(f.windows, name), f.windows.capture.service.cgroup
    if limits is None:
        return IoLimits(name, None)
    return IoLimits(name, tuple(LimitedReads(limit, limit.cgroup == service, made(f, limit)) for limit in limits))


def reached(f: Facts) -> list[IoLimit]:
    """Return the I/O limits that the service's reads were held back by, on its device and below."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    limits = limits_on_reads(f.windows, name) if name is not None else None
    return [limit for limit in limits or [] if made(f, limit) >= REACHED * limit.allowed]


def made(f: Facts, limit: IoLimit) -> float:
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
def slowed_by(f: Facts) -> DeviceSlowedBy | None:
    """Who makes that device slow for the service, as far as that was read."""
    if not f.windows.probe_attached("block"):
        return None
    limits, service = reached(f), f.windows.capture.service.cgroup
    if not limits:
        return DeviceSlowedBy("nobody")
    above = next((limit.cgroup for limit in limits if limit.cgroup != service), None)
    return DeviceSlowedBy("own-limit") if above is None else DeviceSlowedBy("limit-above", above)


@fact("block.mend", "", "text", "block")
def remedy(f: Facts) -> DeviceRemedy | None:
    """What to do about a device that nobody else keeps busy."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    return None if name is None else DeviceRemedy(bool(reached(f)), name, f.number("block.own_mean_service"))


@fact("block.limited_others", "", "text", "block")
def others_on_limited_devices(f: Facts) -> OthersOnDevices | None:
    """How much others used the device that such a limit is for."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    if name is None:
        return None
    devices = list(dict.fromkeys(limit.device for limit in limits_on_reads(f.windows, name) or [])) or [name]
    return OthersOnDevices(tuple(_others_on(device, f) for device in devices))


def _others_on(device: str, f: Facts) -> OthersOnDevice:
    table = f.windows.capture.block_requests
    there = [
        (requests, cgroup not in f.windows.service_ids)
        for name, cgroup, requests in zip(table.device, table.cgroup, table.requests, strict=True)
        if name == device
    ]
    return OthersOnDevice(device, sum(n for n, other in there if other), sum(n for n, _ in there))


@fact("block.layers", "", "text", "block")
def layers(f: Facts) -> DeviceLayers | None:
    """What that device is made of, and how long its reads took there."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    if name is None:
        return None
    known = {device.name: device for device in f.windows.capture.devices}
    if name not in known:
        return DeviceLayers(name, known=False)
    below, means = chain_below(f.windows, name), mean_read_by_device(f)
    timed = tuple(DeviceTime(device, means[device]) for device in below if device in means)
    return DeviceLayers(name, True, tuple(below), known[name].backing_file, means.get(name), timed)
