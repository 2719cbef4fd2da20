"""Facts about writes on the device that the service writes to, for services that wait to write (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import units
from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.escape import visible
from diagnose.units import ratio

IDLE = 0.5
"""A device that is idle for more than half of the time takes more than it is given."""


def _times(f: Facts) -> dict[tuple[str, str], int]:
    """Return the time of all requests in ns by (device, direction), queueing and service together."""
    table = f.windows.capture.block_requests
    time: dict[tuple[str, str], int] = {}
    for device, op, queue, service in zip(table.device, table.op, table.queue_ns, table.service_ns, strict=True):
        time[device, op] = time.get((device, op), 0) + (queue or 0) + service
    return time


def written_device(f: Facts) -> str | None:
    """Return the device on which the service's own writes took most time; of none, the one that was busy longest."""
    table = f.windows.capture.block_requests
    own: dict[str, int] = {}
    for device, op, cgroup, queue, service in zip(
        table.device, table.op, table.cgroup, table.queue_ns, table.service_ns, strict=True
    ):
        if op == "write" and cgroup in f.windows.service_ids:
            own[device] = own.get(device, 0) + (queue or 0) + service
    if own:
        return max(own, key=lambda device: (own[device], device))
    time = _times(f)
    devices = sorted({device for device, _ in time})
    return max(devices, key=lambda d: time.get((d, "read"), 0) + time.get((d, "write"), 0), default=None)


@fact("block.written_device", "", "text", "block")
def written(f: Facts) -> str | None:
    """The device on which the service's writes took most time; of none, the one that was busy longest."""
    device = written_device(f) if f.windows.probe_attached("block") else None
    return None if device is None else visible(device)


@fact("block.write_time_share", "ratio", "number", "block")
def write_time_share(f: Facts) -> float | None:
    """Share of the time of all requests, on the device that the service writes to, which writes took."""
    if not f.windows.probe_attached("block"):
        return None
    time, device = _times(f), written_device(f)
    if device is None:
        return 0.0
    writes, reads = time.get((device, "write"), 0), time.get((device, "read"), 0)
    return ratio(float(writes), float(writes + reads))


@fact("block.own_write_share", "ratio", "number", "block")
def own_write_share(f: Facts) -> float | None:
    """Share of the bytes written to that device which the service submitted."""
    if not f.windows.probe_attached("block"):
        return None
    table, device = f.windows.capture.block_requests, written_device(f)
    written = [
        (size, cgroup in f.windows.service_ids)
        for name, op, cgroup, size in zip(table.device, table.op, table.cgroup, table.bytes, strict=True)
        if name == device and op == "write"
    ]
    return ratio(float(sum(size for size, own in written if own)), float(sum(size for size, _ in written)))


def written_bytes(f: Facts) -> float:
    """Return the bytes that the service submitted to be written to that device."""
    table, device = f.windows.capture.block_requests, written_device(f)
    return float(
        sum(
            size
            for name, op, cgroup, size in zip(table.device, table.op, table.cgroup, table.bytes, strict=True)
            if name == device and op == "write" and cgroup in f.windows.service_ids
        )
    )


def busy_at_most(f: Facts) -> float | None:
    """Return the share of the capture in which requests can have been in flight on that device, at most.

    That is the time of all of them, as if none had been in flight beside another. None: the device keeps no time
    stamps, or requests were lost.
    """
    table, device = f.windows.capture.block_requests, written_device(f)
    time = [
        None if queue is None else queue + service
        for name, queue, service in zip(table.device, table.queue_ns, table.service_ns, strict=True)
        if name == device
    ]
    lost = any(f.windows.capture.lost.get(f"{what}_map_full") for what in ("requests", "block"))
    if device is None or None in time or lost:
        return None
    return min(1.0, sum(ns or 0 for ns in time) / 1e9 / f.windows.length)


@fact("writes.pace", "", "text", "block")
def pace(f: Facts) -> str | None:
    """How much the service wrote there, and whether the device was busy with it."""
    device = written_device(f) if f.windows.probe_attached("block") else None
    if device is None:
        return None
    written, name = written_bytes(f), visible(device)
    told = f"{units.size(written)}, {units.size(written / f.windows.length)} a second"
    busy = busy_at_most(f)
    if busy is None:
        return f"{told}; how much of the time {name} was busy was not measured"
    if busy < IDLE:
        return (
            f"{told}; {name} had requests in flight in at most {units.percent(busy)} of the capture, so that it is not "
            "its pace that holds the service back"
        )
    return (
        f"{told}; {name} may have had requests in flight in up to {units.percent(busy)} of the capture, so that it may "
        "be its pace that holds the service back"
    )


@fact("writes.dirty_held", "", "text", "cgroups")
def dirty_held(f: Facts) -> str | None:
    """How much of the service's memory was dirty, or being written, at once."""
    if not f.windows.probe_attached("cgroups"):
        return None
    found = [f.windows.readings(f.windows.capture.service.cgroup_id, f"{k}_bytes") for k in ("dirty", "writeback")]
    if any(readings is None for readings in found):
        return "how much of the service's pages was dirty was not measured"
    held = sum(readings.series(f.windows.count) for readings in found if readings is not None)
    most = float(np.nanmax(held)) if not np.isnan(held).all() else None
    return f"at the ends of the windows up to {units.size(most)} of the service's pages were dirty or being written"


@fact("writes.dirty_limits", "", "text", "host")
def dirty_limits(f: Facts) -> str | None:
    """How much may be dirty on that device and on the host."""
    if not f.windows.probe_attached("host"):
        return None
    name, capture = written_device(f), f.windows.capture
    device = next((d for d in capture.devices if d.name == name), None)
    settings, page = capture.host.settings, capture.host.page_bytes
    told = []
    if device is not None and device.max_dirty_bytes:
        told.append(
            f"{visible(device.name)} may hold {units.size(device.max_dirty_bytes)} of dirty pages (its max_bytes)"
        )
    if (most := settings.get("vmstat.nr_dirty_threshold")) is not None:
        names = [f"vm.{n} {units.count(v)}" for n in ("dirty_bytes", "dirty_ratio") if (v := settings.get(f"vm.{n}"))]
        told.append(f"the host may hold {units.size(most * page)} ({', '.join(names) or 'nr_dirty_threshold'})")
    return ", and ".join(told) or "how much may be dirty was not measured"
