"""Facts about the block devices that the service reads from: its own requests, and those of others (pure).

The time of a request is queueing and service together. Summed over requests and divided by the length of the capture it
is the mean number of requests in flight (Little's law), which is how busy somebody keeps a device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnose import units
from diagnose.analysis.block_latency import BlockLatency
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.windows import Counts, Series
from diagnose.escape import visible
from diagnose.histogram import percentile
from diagnose.units import ratio

MOST_NAMED = 3
LEAST_REQUESTS = 20
"""Of fewer requests no latency is typical."""


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


@fact("block.own_device", "", "text", "block", "the name of the device that the service waits for most")
def _(f: Facts, _n: str | None) -> str | None:
    device = main_device(f) if f.windows.probe_attached("block") else None
    return None if device is None else visible(device)


@fact("block.own_reads", "requests", "number", "block", "read requests of the service on the device it waits for most")
def _(f: Facts, _n: str | None) -> float | None:
    if not f.windows.probe_attached("block"):
        return None
    requests = f.once(_requests)
    if requests is None:
        return 0.0
    return float(requests.count[requests.of(f.windows.service_ids) & ~requests.is_write].sum())


@fact(
    "block.own_service_p50",
    "s",
    "number",
    "block",
    "median time that device took for a read of the service, queueing excluded",
)
def _(f: Facts, _n: str | None) -> float | None:
    counts = f.once(own_service_latency)
    ns = percentile(counts, 0.5) if counts is not None else None
    return None if ns is None else ns / 1e9


@fact("block.own_devices", "", "text", "block", "the devices that the service reads from, with their mean times")
def _(f: Facts, _n: str | None) -> str | None:
    if not f.windows.probe_attached("block"):
        return None
    means = mean_read_by_device(f)
    slowest = sorted(means, key=lambda device: -means[device])
    return ", ".join(f"{visible(d)} {units.duration_ns(means[d])}" for d in slowest[:MOST_NAMED]) or None


@fact(
    "block.own_service_p99",
    "s",
    "number",
    "block",
    "99th percentile of the time that device took for a read of the service, queueing excluded",
)
def _(f: Facts, _n: str | None) -> float | None:
    counts = f.once(own_service_latency)
    ns = percentile(counts, 0.99) if counts is not None else None
    return None if ns is None else ns / 1e9


@fact(
    "block.own_mean_service",
    "s",
    "number",
    "block",
    "mean time that device took for a read of the service, queueing excluded",
)
def _(f: Facts, _n: str | None) -> float | None:
    found = _own_reads(f)
    if found is None:
        return None
    requests, own = found
    return ratio(float(requests.service_ns[own].sum()) / 1e9, float(requests.count[own].sum()))


@fact(
    "block.own_mean_latency",
    "s",
    "number",
    "block",
    "mean time of the service's read requests on that device, queueing included",
)
def _(f: Facts, _n: str | None) -> float | None:
    found = _own_reads(f)
    if found is None:
        return None
    requests, own = found
    return ratio(float(requests.time_ns[own].sum()) / 1e9, float(requests.count[own].sum()))


@fact(
    "block.own_best_latency",
    "s",
    "number",
    "block",
    "time within which that device served the fastest tenth of the service's reads",
)
def _(f: Facts, _n: str | None) -> float | None:
    counts = f.once(own_service_latency)
    ns = percentile(counts, 0.1) if counts is not None else None
    return None if ns is None else ns / 1e9


@fact(
    "block.own_slowdown",
    "times",
    "number",
    "block",
    "mean time of the service's read requests, over the time within which the fastest tenth of them was served",
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(f.value("block.own_mean_latency"), f.value("block.own_best_latency"))


@fact(
    "block.others_in_flight",
    "requests",
    "number",
    "block",
    "mean number of others' requests in flight on that device",
)
def _(f: Facts, _n: str | None) -> float | None:
    requests = f.once(_requests)
    if requests is None:
        return None
    others = ~requests.of(f.windows.service_ids)
    return float(requests.time_ns[others].sum()) / 1e9 / f.windows.length


@fact(
    "block.others_time_share",
    "ratio",
    "number",
    "block",
    "share of the time of all requests on that device that others' requests took",
)
def _(f: Facts, _n: str | None) -> float | None:
    requests = f.once(_requests)
    if requests is None:
        return None
    others = ~requests.of(f.windows.service_ids)
    return ratio(float(requests.time_ns[others].sum()), float(requests.time_ns.sum()))


@fact("neighbour.block_in_flight", "requests", "series", "block", "its mean number of requests in flight", "neighbour")
def _(f: Facts, n: str | None) -> Series | None:
    requests = f.once(_requests)
    if requests is None:
        return None
    mine = requests.of(f.ids(n))
    time = np.bincount(requests.window[mine], weights=requests.time_ns[mine], minlength=f.windows.count)
    return time / 1e9 / f.windows.seconds


@fact(
    "neighbour.block_time_share",
    "ratio",
    "number",
    "block",
    "share of the time of all requests on the service's device that its requests took",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    requests = f.once(_requests)
    if requests is None:
        return None
    return ratio(float(requests.time_ns[requests.of(f.ids(n))].sum()), float(requests.time_ns.sum()))


@fact(
    "neighbour.block_rate",
    "requests/s",
    "number",
    "block",
    "its requests on the service's device per second",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return ratio(f.number("neighbour.block_requests", n), f.windows.length)


@fact(
    "neighbour.block_requests", "requests", "number", "block", "its requests on the service's device", scope="neighbour"
)
def _(f: Facts, n: str | None) -> float | None:
    requests = f.once(_requests)
    return None if requests is None else total(requests.count[requests.of(f.ids(n))])
