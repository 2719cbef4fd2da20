"""Block requests: how long they queued and were served, by device and direction, and who submitted them (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diagnose.analysis.block_latency import OPS, STAGES, BlockLatency
from diagnose.capture.base import BlockOp
from diagnose.histogram import percentile_seconds
from diagnose.report.measurements.frame import TOP, Frame, Ints, codes, ids, ints, sums_by
from diagnose.report.measurements.host_models import Blocks, DeviceLatency, Stage, Stages, Submitter
from diagnose.units import ratio


def block_latency(frame: Frame) -> Blocks | None:
    """Return block latency in seconds, queueing apart from service, the service's requests apart from others'."""
    if not frame.measured("block"):
        return None
    latency = BlockLatency(frame.capture)
    sums = _submitted(frame, latency.devices)
    by_device: dict[tuple[str, BlockOp], list[_Submitted]] = {}
    for one in sums:
        by_device.setdefault((one.device, one.op), []).append(one)
    rows = []
    for device in latency.devices:
        counts = latency.of(device)
        for o, op in enumerate(OPS):
            mine = by_device.get((device, op), [])
            if mine or counts[o].any():
                rows.append(_device(device, op, mine, counts[o]))
    total = Counter({(row.device, row.op): row.requests for row in rows})
    listed = [_submitter(s, total[s.device, s.op]) for s in sums[:TOP]]
    return Blocks(devices=rows, submitters=listed, submitters_omitted=max(0, len(sums) - TOP))


@dataclass(frozen=True)
class _Submitted:
    """What a cgroup submitted to a device in one direction; `timed_requests`: those of which it is known how long they
    queued."""

    device: str
    op: BlockOp
    path: str
    is_service: bool
    requests: int
    bytes: int
    queue_ns: int
    timed_requests: int
    service_ns: int


def _submitted(frame: Frame, devices: list[str]) -> list[_Submitted]:
    """Return what was submitted, the most requests first."""
    table = frame.capture.block_requests
    known, who = np.unique(ids(table.cgroup), return_inverse=True)
    place = codes(table.device, devices) * len(OPS) + codes(table.op, OPS)
    keys, index = np.unique(place * max(1, known.size) + who, return_inverse=True)
    timed = [r if ns is not None else 0 for r, ns in zip(table.requests, table.queue_ns, strict=True)]
    queue_ns = [ns or 0 for ns in table.queue_ns]
    columns = (table.requests, table.bytes, queue_ns, timed, table.service_ns)
    sums = np.array([sums_by(index, ints(column), keys.size) for column in columns]).T.tolist()
    own = frame.is_service(known).tolist()
    rows = []
    for key, (requests, size, queued, timed_requests, served) in zip(keys.tolist(), sums, strict=True):
        at, cgroup = divmod(key, known.size)
        device, op = divmod(at, len(OPS))
        where = devices[device], OPS[op], frame.path(int(known[cgroup])), own[cgroup]
        rows.append(_Submitted(*where, requests, size, queued, timed_requests, served))
    return sorted(rows, key=lambda row: (-row.requests, row.device, row.op, row.path))


def _submitter(row: _Submitted, total: int) -> Submitter:
    return Submitter(
        device=row.device,
        op=row.op,
        cgroup=row.path,
        is_service=row.is_service,
        requests=row.requests,
        bytes=row.bytes,
        mean_queue_seconds=_mean(row.queue_ns, row.timed_requests),
        mean_service_seconds=_mean(row.service_ns, row.requests),
        share=ratio(row.requests, total),
    )


def _mean(total_ns: int, requests: int) -> float | None:
    """Return the mean in seconds; None where no request had a time stamp, as of queueing on some devices."""
    seconds = ratio(total_ns, requests)
    return None if seconds is None else seconds / 1e9


def _device(device: str, op: BlockOp, submitted: Sequence[_Submitted], counts: Ints) -> DeviceLatency:
    """Return one device and direction, from counts of shape (stage, own, bin)."""
    served = int(counts[STAGES.index("service")].sum())
    return DeviceLatency(
        device=device,
        op=op,
        requests=sum(s.requests for s in submitted) if submitted else served,
        bytes=sum(s.bytes for s in submitted) if submitted else None,
        own_requests=sum(s.requests for s in submitted if s.is_service) if submitted else None,
        all=_stages(counts.sum(axis=1)),
        own=_stages(counts[:, 1]),
        others=_stages(counts[:, 0]),
    )


def _stages(counts: Ints) -> Stages:
    queue, service = (
        Stage(
            requests=int(row.sum()),
            p50_seconds=percentile_seconds(row, 0.5),
            p99_seconds=percentile_seconds(row, 0.99),
        )
        for row in counts
    )
    return Stages(queue=queue, service=service)
