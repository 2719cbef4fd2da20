"""Latency of block requests, and who submitted them: bpf/block.c.

Yields `BlockRequests` (requests, bytes, ns by window, device, direction, cgroup) and `BlockLatency` (counts by window,
device, direction, stage, own or others', latency bin).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from diagnose.capture.base import BlockOp, Stage
from diagnose.capture.tables import BlockLatency, BlockRequests
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.rows import Rows
from diagnose.measure.probes.run import Ending

OPS: tuple[BlockOp, ...] = get_args(BlockOp)
STAGES: tuple[Stage, ...] = get_args(Stage)
_KEY = np.dtype([("cgroup", "u8"), ("window", "u4"), ("device", "u4"), ("op", "u4"), ("pad", "u4")])
_COUNTS = np.dtype([(n, "u8") for n in ("requests", "bytes", "queue_ns", "service_ns", "untimed")])
_BIN_KEY = np.dtype([("window", "u4"), ("device", "u4"), ("op", "u2"), ("stage", "u2"), ("own", "u2"), ("bin", "u2")])
_BIN = np.dtype([("count", "u8")])


class BlockProbe(Probe):
    """Queueing and service time of block requests by device, direction and submitter."""

    name = "block"
    attachments = (
        Attachment("raw", "block_rq_complete", "on_complete", arguments=("request",)),
        Attachment("raw", "block_rq_issue", "on_issue", arguments=("request",)),
    )
    fills = ("block_requests", "block_latency")

    def __init__(self) -> None:
        self._requests, self._bins = Rows("block_requests", _KEY, _COUNTS), Rows("block_bins", _BIN_KEY, _BIN)

    def drain(self, module: Module, finished: int) -> Pages:
        self._requests.drain(module, finished)
        self._bins.drain(module, finished)
        return {}

    def ended(self, ending: Ending) -> dict[str, Any]:
        return {
            "block_requests": _block_requests(*self._requests.until(ending.windows)),
            "block_latency": _block_latency(*self._bins.until(ending.windows)),
        }


def _block_requests(keys: NDArray[Any], counts: NDArray[Any]) -> BlockRequests:
    return BlockRequests(
        window=keys["window"].tolist(),
        device=_names(keys["device"]),
        op=[OPS[o] for o in keys["op"]],
        cgroup=[c or None for c in keys["cgroup"].tolist()],
        requests=counts["requests"].tolist(),
        bytes=counts["bytes"].tolist(),
        # A device without time stamps (queue/iostats = 0) has no queueing time: missing, not 0.
        queue_ns=[None if u else q for q, u in zip(counts["queue_ns"].tolist(), counts["untimed"], strict=True)],
        service_ns=counts["service_ns"].tolist(),
    )


def _block_latency(keys: NDArray[Any], counts: NDArray[Any]) -> BlockLatency:
    return BlockLatency(
        window=keys["window"].tolist(),
        device=_names(keys["device"]),
        op=[OPS[o] for o in keys["op"]],
        stage=[STAGES[s] for s in keys["stage"]],
        own=keys["own"].tolist(),
        bin=keys["bin"].tolist(),
        count=counts["count"].tolist(),
    )


def _names(devices: NDArray[np.uint32]) -> list[str]:
    names = {d: _name(f"{d >> 20}:{d & 0xFFFFF}") for d in np.unique(devices).tolist()}
    return [names[d] for d in devices.tolist()]


def _name(number: str, sysfs: Path = Path("/sys/dev/block")) -> str:
    """Return the device's name ("vda") for "major:minor", or the number itself once the device is gone."""
    link = sysfs / number
    return link.readlink().name if link.is_symlink() else number
