"""Facts about writes on the busiest block device, for services that wait to write (pure)."""

from __future__ import annotations

from diagnose.escape import visible
from diagnose.facts.vocabulary import Facts, fact, ratio


def _times(f: Facts) -> dict[tuple[str, str], int]:
    """Return the time of all requests in ns by (device, direction), queueing and service together."""
    table = f.windows.capture.block_requests
    time: dict[tuple[str, str], int] = {}
    for device, op, queue, service in zip(table.device, table.op, table.queue_ns, table.service_ns, strict=True):
        time[device, op] = time.get((device, op), 0) + (queue or 0) + service
    return time


def _busiest(f: Facts) -> str | None:
    time = _times(f)
    devices = sorted({device for device, _ in time})
    return max(devices, key=lambda d: time.get((d, "read"), 0) + time.get((d, "write"), 0), default=None)


@fact("block.busiest_device", "", "text", "block", "the name of the device that was busy longest", scope="host")
def _(f: Facts, _n: str | None) -> str | None:
    device = _busiest(f) if f.windows.probe_attached("block") else None
    return None if device is None else visible(device)


@fact(
    "block.write_time_share",
    "ratio",
    "number",
    "block",
    "share of the time of all requests on the busiest device that writes took",
    scope="host",
)
def _(f: Facts, _n: str | None) -> float | None:
    if not f.windows.probe_attached("block"):
        return None
    time, busiest = _times(f), _busiest(f)
    if busiest is None:
        return 0.0
    writes, reads = time.get((busiest, "write"), 0), time.get((busiest, "read"), 0)
    return ratio(float(writes), float(writes + reads))


@fact(
    "block.own_write_share",
    "ratio",
    "number",
    "block",
    "share of the bytes written to the busiest device that the service submitted",
)
def _(f: Facts, _n: str | None) -> float | None:
    if not f.windows.probe_attached("block"):
        return None
    table, busiest = f.windows.capture.block_requests, _busiest(f)
    written = [
        (size, cgroup in f.windows.service_ids)
        for device, op, cgroup, size in zip(table.device, table.op, table.cgroup, table.bytes, strict=True)
        if device == busiest and op == "write"
    ]
    return ratio(float(sum(size for size, own in written if own)), float(sum(size for size, _ in written)))
