"""Facts about the block devices that the service reads from: its own requests, and those of others (pure).

The time of a request is queueing and service together. Summed over requests and divided by the length of the capture it
is the mean number of requests in flight (Little's law), which is how busy somebody keeps a device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.block_latency import BlockLatency
from diagnose.analysis.facts.vocabulary import Facts, fact, neighbour_fact, total
from diagnose.analysis.windows import Counts, Series
from diagnose.histogram import percentile
from diagnose.units import ratio

MOST_NAMED = 3
LEAST_REQUESTS = 20
"""Of fewer requests no latency is typical."""


@dataclass(frozen=True)
class Device:
    """A block device by the kernel's name."""

    name: str


@dataclass(frozen=True)
class DeviceTime:
    """The mean time that a device took for a read of the service, queueing excluded."""

    name: str
    mean_ns: float


@dataclass(frozen=True)
class DeviceTimes:
    """The slowest of the devices that the service read from, the slowest first."""

    devices: tuple[DeviceTime, ...]


@dataclass(frozen=True)
class _Requests:
    """The requests on the service's main device, one entry a row: window, submitter (0: unknown), time and flags."""

    window: Counts
    cgroup: NDArray[np.uint64]
    is_write: NDArray[np.bool_]
    count: Series
    queue_ns: Series
    service_ns: Series

    def of(self, ids: frozenset[int]) -> NDArray[np.bool_]:
        return np.isin(self.cgroup, np.array(sorted(ids), np.uint64))

    @property
    def time_ns(self) -> Series:
        return np.nan_to_num(self.queue_ns) + self.service_ns


def main_device(f: Facts) -> str | None:
    """Return the device on which the service's reads spent most time; None: it read from none."""
    table = f.windows.capture.block_requests
    time: dict[str, int] = {}
    for device, op, cgroup, queue, service in zip(
        table.device, table.op, table.cgroup, table.queue_ns, table.service_ns, strict=True
    ):
        if op == "read" and cgroup in f.windows.service_ids:
            time[device] = time.get(device, 0) + (queue or 0) + service
    return max(time, key=lambda d: (time[d], d), default=None)


def _requests(f: Facts) -> _Requests | None:
    device = f.once(main_device) if f.windows.probe_attached("block") else None
    if device is None:
        return None
    table = f.windows.capture.block_requests
    rows = [i for i, d in enumerate(table.device) if d == device]

    def column(values: Sequence[int | None]) -> Series:
        return np.array([np.nan if values[i] is None else values[i] for i in rows], np.float64)

    return _Requests(
        window=np.array([table.window[i] for i in rows], np.int64),
        cgroup=np.array([table.cgroup[i] or 0 for i in rows], np.uint64),
        is_write=np.array([table.op[i] == "write" for i in rows], np.bool_),
        count=column(table.requests),
        queue_ns=column(table.queue_ns),
        service_ns=column(table.service_ns),
    )


def _own_reads(f: Facts) -> tuple[_Requests, NDArray[np.bool_]] | None:
    requests = f.once(_requests)
    if requests is None:
        return None
    own = requests.of(f.windows.service_ids) & ~requests.is_write
    return (requests, own) if requests.count[own].sum() >= LEAST_REQUESTS else None


def own_service_latency(f: Facts) -> Counts | None:
    """Return the service times of the service's own reads on its main device, in bins; None if there are too few."""
    device = f.once(main_device) if f.windows.probe_attached("block") else None
    if device is None:
        return None
    counts = BlockLatency(f.windows.capture).own(device, "read", "service")
    return counts if counts.sum() >= LEAST_REQUESTS else None


def mean_read_by_device(f: Facts) -> dict[str, float]:
    """Return the mean time in ns that each device took for a read of the service, queueing excluded."""
    table, sums = f.windows.capture.block_requests, dict[str, list[float]]()
    for device, op, cgroup, requests, ns in zip(
        table.device, table.op, table.cgroup, table.requests, table.service_ns, strict=True
    ):
        if op == "read" and cgroup in f.windows.service_ids:
            entry = sums.setdefault(device, [0.0, 0.0])
            entry[0], entry[1] = entry[0] + ns, entry[1] + requests
    return {device: ns / max(requests, 1) for device, (ns, requests) in sums.items()}


@fact("block.own_device", "", "text", "block")
def own_device(f: Facts) -> Device | None:
    """The name of the device that the service waits for most."""
    name = main_device(f) if f.windows.probe_attached("block") else None
    return None if name is None else Device(name)


@fact("block.own_reads", "requests", "number", "block")
def own_read_requests(f: Facts) -> float | None:
    """Read requests of the service on the device it waits for most."""
    if not f.windows.probe_attached("block"):
        return None
    requests = f.once(_requests)
    if requests is None:
        return 0.0
    return float(requests.count[requests.of(f.windows.service_ids) & ~requests.is_write].sum())


@fact("block.own_service_p50", "s", "number", "block")
def median_service_time(f: Facts) -> float | None:
    """Median time that device took for a read of the service, queueing excluded."""
    counts = f.once(own_service_latency)
    ns = percentile(counts, 0.5) if counts is not None else None
    return None if ns is None else ns / 1e9


@fact("block.own_devices", "", "text", "block")
def own_devices(f: Facts) -> DeviceTimes | None:
    """The devices that the service reads from, with their mean times."""
    if not f.windows.probe_attached("block"):
        return None
    means = mean_read_by_device(f)
    slowest = sorted(means, key=lambda device: -means[device])[:MOST_NAMED]
    return DeviceTimes(tuple(DeviceTime(name, means[name]) for name in slowest)) if slowest else None


@fact("block.own_service_p99", "s", "number", "block")
def p99_service_time(f: Facts) -> float | None:
    """99th percentile of the time that device took for a read of the service, queueing excluded."""
    counts = f.once(own_service_latency)
    ns = percentile(counts, 0.99) if counts is not None else None
    return None if ns is None else ns / 1e9


@fact("block.own_mean_service", "s", "number", "block")
def mean_service_time(f: Facts) -> float | None:
    """Mean time that device took for a read of the service, queueing excluded."""
    found = _own_reads(f)
    if found is None:
        return None
    requests, own = found
    return ratio(float(requests.service_ns[own].sum()) / 1e9, float(requests.count[own].sum()))


@fact("block.own_mean_latency", "s", "number", "block")
def mean_latency(f: Facts) -> float | None:
    """Mean time of the service's read requests on that device, queueing included."""
    found = _own_reads(f)
    if found is None:
        return None
    requests, own = found
    return ratio(float(requests.time_ns[own].sum()) / 1e9, float(requests.count[own].sum()))


@fact("block.own_best_latency", "s", "number", "block")
def best_latency(f: Facts) -> float | None:
    """Time within which that device served the fastest tenth of the service's reads."""
    counts = f.once(own_service_latency)
    ns = percentile(counts, 0.1) if counts is not None else None
    return None if ns is None else ns / 1e9


@fact("block.own_slowdown", "times", "number", "block")
def slowdown(f: Facts) -> float | None:
    """Mean time of the service's read requests, over the time within which the fastest tenth of them was served."""
    return ratio(f.value("block.own_mean_latency"), f.value("block.own_best_latency"))


@fact("block.others_in_flight", "requests", "number", "block")
def others_in_flight(f: Facts) -> float | None:
    """Mean number of others' requests in flight on that device."""
    requests = f.once(_requests)
    if requests is None:
        return None
    others = ~requests.of(f.windows.service_ids)
    return float(requests.time_ns[others].sum()) / 1e9 / f.windows.length


@fact("block.others_time_share", "ratio", "number", "block")
def others_time_share(f: Facts) -> float | None:
    """Share of the time of all requests on that device that others' requests took."""
    requests = f.once(_requests)
    if requests is None:
        return None
    others = ~requests.of(f.windows.service_ids)
    return ratio(float(requests.time_ns[others].sum()), float(requests.time_ns.sum()))


@neighbour_fact("neighbour.block_in_flight", "requests", "series", "block")
def neighbour_in_flight(f: Facts, neighbour: str) -> Series | None:
    """Its mean number of requests in flight."""
    requests = f.once(_requests)
    if requests is None:
        return None
    mine = requests.of(f.ids(neighbour))
    time = np.bincount(requests.window[mine], weights=requests.time_ns[mine], minlength=f.windows.count)
    return time / 1e9 / f.windows.seconds


@neighbour_fact("neighbour.block_time_share", "ratio", "number", "block")
def neighbour_time_share(f: Facts, neighbour: str) -> float | None:
    """Share of the time of all requests on the service's device that its requests took."""
    requests = f.once(_requests)
    if requests is None:
        return None
    return ratio(float(requests.time_ns[requests.of(f.ids(neighbour))].sum()), float(requests.time_ns.sum()))


@neighbour_fact("neighbour.block_rate", "requests/s", "number", "block")
def neighbour_request_rate(f: Facts, neighbour: str) -> float | None:
    """Its requests on the service's device per second."""
    return ratio(f.number("neighbour.block_requests", neighbour), f.windows.length)


@neighbour_fact("neighbour.block_requests", "requests", "number", "block")
def neighbour_requests(f: Facts, neighbour: str) -> float | None:
    """Its requests on the service's device."""
    requests = f.once(_requests)
    return None if requests is None else total(requests.count[requests.of(f.ids(neighbour))])
