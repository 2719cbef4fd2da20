"""Facts about writes on the device that the service writes to, for services that wait to write (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts.block import Device
from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.units import ratio

IDLE = 0.5
"""A device that is idle for more than half of the time takes more than it is given."""


@dataclass(frozen=True)
class WritePace:
    """How much the service wrote to a device, and the share of the capture in which that was busy, at most."""

    device: str
    written_bytes: float
    bytes_per_second: float
    busy_share_at_most: float | None
    """None: not measured."""

    @property
    def may_be_slow(self) -> bool | None:
        """Whether it may be the device's pace that holds the service back: it is busy for half of the time or more."""
        return None if self.busy_share_at_most is None else self.busy_share_at_most >= IDLE


@dataclass(frozen=True)
class DirtyHeld:
    """The most of the service's pages that was dirty or being written at the end of a window; None: not measured."""

    most_bytes: int | None


@dataclass(frozen=True)
class DirtyLimits:
    """How much may be dirty on the device that the service writes to (max_bytes of its bdi), and on the host."""

    device: str | None
    device_bytes: int | None
    host_bytes: int | None
    host_settings: tuple[tuple[str, int], ...]
    """The settings of vm.* that say so, by name."""


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
def device_written_to(f: Facts) -> Device | None:
    """The device on which the service's writes took most time; of none, the one that was busy longest."""
    name = written_device(f) if f.windows.probe_attached("block") else None
    return None if name is None else Device(name)


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
def pace(f: Facts) -> WritePace | None:
    """How much the service wrote there, and whether the device was busy with it."""
    device = written_device(f) if f.windows.probe_attached("block") else None
    if device is None:
        return None
    written = written_bytes(f)
    return WritePace(device, written, written / f.windows.length, busy_at_most(f))


@fact("writes.dirty_held", "", "text", "cgroups")
def dirty_held(f: Facts) -> DirtyHeld | None:
    """How much of the service's memory was dirty, or being written, at once."""
    if not f.windows.probe_attached("cgroups"):
        return None
    return DirtyHeld(f.windows.dirty_at_once(f.windows.capture.service.cgroup))


@fact("writes.dirty_limits", "", "text", "host")
def dirty_limits(f: Facts) -> DirtyLimits | None:
    """How much may be dirty on that device and on the host."""
    if not f.windows.probe_attached("host"):
        return None
    capture, name = f.windows.capture, written_device(f)
    device = next((d for d in capture.devices if d.name == name), None)
    settings = capture.host.settings
    threshold_pages = settings.get("vmstat.nr_dirty_threshold")
    return DirtyLimits(
        device=name,
        device_bytes=(device.max_dirty_bytes or None) if device is not None else None,
        host_bytes=None if threshold_pages is None else threshold_pages * capture.host.page_bytes,
        host_settings=tuple((n, v) for n in ("vm.dirty_bytes", "vm.dirty_ratio") if (v := settings.get(n))),
    )
