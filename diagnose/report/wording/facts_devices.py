"""Facts about devices in words: which one, how fast, under which I/O limit, what it is made of (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts.block import Device, DeviceTimes
from diagnose.analysis.facts.io_limits import (
    DeviceLayers,
    DeviceRemedy,
    DeviceSlowedBy,
    IoLimits,
    LimitedReads,
    OthersOnDevices,
)
from diagnose.escape import visible
from diagnose.report.wording.fact_registry import words
from diagnose.report.wording.writer import Writer


@words("block.own_device")
@words("block.written_device")
@words("disk.own_name")
@words("disk.busiest_name")
def device_name(device: Device, writer: Writer) -> str:
    """Return the name of a device, what cannot be seen in it spelled out."""
    return visible(device.name)


@words("block.own_devices")
def device_times(times: DeviceTimes, writer: Writer) -> str:
    """Return the devices that the service read from, with their mean times."""
    return ", ".join(f"{visible(device.name)} {units.duration_ns(device.mean_ns)}" for device in times.devices)


@words("block.held_back")
def io_limits(limits: IoLimits, writer: Writer) -> str:
    """Return the I/O limits on the service's reads from its device, and what was read under them."""
    name = visible(limits.device)
    if limits.limits is None:
        return f"whether an I/O limit holds the service back on {name} was not measured"
    if not limits.limits:
        return f"no I/O limit of the service's own is set on {name}, so that it is slow itself, or what is below"
    return " and ".join(_io_limit(reads, writer) for reads in limits.limits)


def _io_limit(reads: LimitedReads, writer: Writer) -> str:
    limit = reads.limit
    if limit.kind == "riops":
        allowed, made = f"{units.count(limit.allowed)} reads/s", units.number(reads.made)
    else:
        allowed, made = f"{units.size(limit.allowed)}/s of reads", f"{units.size(reads.made)}/s"
    whose = "the service's own holds it"
    if not reads.own:
        whose = f"{writer.cgroup(limit.cgroup)}, in which the service lies, holds that"
    where = f"{visible(limit.device)} ({limit.file} of {writer.cgroup(limit.cgroup)})"
    return f"a limit of {whose} to {allowed} on {where}, and it made {made}"


@words("block.whose")
def device_slowed_by(slowed: DeviceSlowedBy, writer: Writer) -> str:
    """Return who makes the device slow for the service, as the answer to "Who did it?"."""
    if slowed.cgroup is not None:
        return f"the I/O limit of {writer.cgroup(slowed.cgroup)}"
    return "the service itself, at an I/O limit of its own" if slowed.by == "own-limit" else "nobody else"


@words("block.mend")
def device_remedy(remedy: DeviceRemedy, writer: Writer) -> str:
    """Return what to do about a device that nobody else keeps busy, without a full stop."""
    if remedy.limit_reached:
        return "Raise the I/O limit that was reached, or let the service make fewer reads"
    taken = units.duration(remedy.mean_service_seconds)
    return f"Mend what makes {visible(remedy.device)} take {taken} for a read, or move the data to another device"


@words("block.limited_others")
def others_on_devices(others: OthersOnDevices, writer: Writer) -> str:
    """Return how many requests others made on the devices that a limit is for."""
    return " and ".join(
        f"on {visible(device.device)} they made {units.count(device.others)} of "
        f"{units.counted(device.requests, 'requests')}"
        for device in others.devices
    )


@words("block.layers")
def device_layers(layers: DeviceLayers, writer: Writer) -> str:
    """Return what the device is made of, and whether the time of a read is lost there or below."""
    name = visible(layers.device)
    if not layers.known:
        return f"what {name} is made of was not measured (lsblk -s shows it)"
    if not layers.below:
        return f"nothing is known to lie below {name}"
    if layers.backing_file:
        text = f"{name} is the file {visible(layers.backing_file)} on {visible(layers.below[0])}"
    else:
        text = f"{name} lies on {' and '.join(map(visible, layers.below))}"
    timed = " and ".join(
        f"{visible(time.name)} served the service's reads in {units.duration_ns(time.mean_ns)}" for time in layers.timed
    )
    if not timed:
        return text
    lost = ", so the time is lost above that" if layers.lost_above else ""
    return f"{text}; {timed} on average, against {units.duration_ns(layers.mean_ns)} here{lost}"
