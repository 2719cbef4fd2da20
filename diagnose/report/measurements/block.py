"""Block requests: how long they queued and were served, by device and direction, and who submitted them (pure)."""

from __future__ import annotations

from typing import Any

import numpy as np

from diagnose.analysis.block_latency import OPS, STAGES, BlockLatency
from diagnose.histogram import percentile
from diagnose.report.measurements.frame import TOP, Frame, Ints, Node, codes, ids, ints, sums_by
from diagnose.units import ratio


def block_latency(frame: Frame) -> Node | None:
    """Return block latency in seconds, queueing apart from service, the service's requests apart from others'."""
    if not frame.measured("block"):
        return None
    latency = BlockLatency(frame.capture)
    devices = latency.devices
    submitters = _submitters(frame, devices)
    rows = []
    for d, device in enumerate(devices):
        for o, op in enumerate(OPS):
            mine = [s for s in submitters if (s["device"], s["op"]) == (device, op)]
            counts = latency.counts[d, o]
            if mine or counts.sum():
                rows.append(_device(device, op, mine, counts))
    for row in submitters:
        total = next(r["requests"] for r in rows if (r["device"], r["op"]) == (row["device"], row["op"]))
        row["share"] = ratio(row["requests"], total)
    return {"devices": rows, "submitters": submitters[:TOP], "submitters_omitted": max(0, len(submitters) - TOP)}


def _submitters(frame: Frame, devices: list[str]) -> list[Node]:
    """Return requests and bytes by device, direction and submitting cgroup, the most requests first."""
    table = frame.capture.block_requests
    known, who = np.unique(ids(table.cgroup), return_inverse=True)
    place = codes(table.device, devices) * len(OPS) + codes(table.op, OPS)
    keys, index = np.unique(place * max(1, known.size) + who, return_inverse=True)
    timed = [r if ns is not None else 0 for r, ns in zip(table.requests, table.queue_ns, strict=True)]
    columns = {
        "requests": ints(table.requests),
        "bytes": ints(table.bytes),
        "service_ns": ints(table.service_ns),
        "queue_ns": ints([ns or 0 for ns in table.queue_ns]),
        "timed_requests": ints(timed),
    }
    sums = {name: sums_by(index, column, keys.size).tolist() for name, column in columns.items()}
    own, cgroups = frame.is_service(known).tolist(), known.tolist()
    rows = [_submitter(frame, devices, cgroups, own, key, i, sums) for i, key in enumerate(keys.tolist())]
    return sorted(rows, key=lambda r: (-r["requests"], r["device"], r["op"], r["cgroup"]))


def _submitter(
    frame: Frame, devices: list[str], known: list[int], own: list[bool], key: int, i: int, sums: dict[str, Any]
) -> Node:
    place, who = divmod(key, len(known))
    device, op = divmod(place, len(OPS))
    values = {name: column[i] for name, column in sums.items()}
    return {
        "device": devices[device],
        "op": OPS[op],
        "cgroup": frame.path(known[who]),
        "is_service": own[who],
        "requests": values["requests"],
        "bytes": values["bytes"],
        "mean_queue_seconds": _mean(values["queue_ns"], values["timed_requests"]),
        "mean_service_seconds": _mean(values["service_ns"], values["requests"]),
    }


def _mean(total_ns: int, requests: int) -> float | None:
    """Return the mean in seconds; None where no request had a time stamp, as of queueing on some devices."""
    seconds = ratio(total_ns, requests)
    return None if seconds is None else seconds / 1e9


def _device(device: str, op: str, submitters: list[Node], counts: Ints) -> Node:
    """Return one device and direction; a stage without a single time stamp is unknown, not instant."""
    served = counts[STAGES.index("service")].sum()
    requests = sum(s["requests"] for s in submitters) if submitters else int(served)
    row: Node = {
        "device": device,
        "op": op,
        "requests": requests,
        "bytes": sum(s["bytes"] for s in submitters) if submitters else None,
        "own_requests": sum(s["requests"] for s in submitters if s["is_service"]) if submitters else None,
    }
    for who, part in (("all", counts.sum(axis=1)), ("own", counts[:, 1]), ("others", counts[:, 0])):
        row[who] = {stage: _stage(part[i]) for i, stage in enumerate(STAGES)}
    return row


def _stage(counts: Ints) -> Node:
    median, tail = percentile(counts, 0.5), percentile(counts, 0.99)
    return {
        "requests": int(counts.sum()),
        "p50_seconds": None if median is None else median / 1e9,
        "p99_seconds": None if tail is None else tail / 1e9,
    }
