"""Tasks held up by the memory management, by cgroup: bpf/stalls.c.

Yields `Stalls`: how often and how many ns, by window, cgroup and kind. The evictions probe feeds the reclaim kinds.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from diagnose.capture.base import StallKind
from diagnose.capture.model import ProbeRecord
from diagnose.capture.tables import Stalls
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.module import Module, attach_probe

KINDS: tuple[StallKind, ...] = get_args(StallKind)
_KEY = np.dtype([("cgroup", "u8"), ("window", "u4"), ("kind", "u4")])
_COUNTS = np.dtype([("stalls", "u8"), ("total_ns", "u8")])


class StallsProbe:
    """Pauses for dirty pages, and time spent reclaiming."""

    name = "stalls"
    attachments = (Attachment("tracepoint", "writeback:balance_dirty_pages", "on_dirty_throttle"),)

    def __init__(self) -> None:
        self._drained: list[tuple[NDArray[Any], NDArray[Any]]] = []

    def attach(self, module: Module) -> ProbeRecord:
        return attach_probe(module, self.name, self.attachments)

    def drain(self, module: Module, finished: int) -> None:
        self._drained.append(module.table("stalls").drain(_KEY, _COUNTS, finished))

    def table(self, windows: int) -> Stalls:
        keys = np.concatenate([k for k, _ in self._drained] or [np.zeros(0, _KEY)])
        counts = np.concatenate([c for _, c in self._drained] or [np.zeros(0, _COUNTS)])
        keep = keys["window"] < windows
        keys, counts = keys[keep], counts[keep]
        order = np.lexsort((keys["kind"], keys["cgroup"], keys["window"]))
        return Stalls(
            window=keys["window"][order].tolist(),
            cgroup=keys["cgroup"][order].tolist(),
            kind=[KINDS[k] for k in keys["kind"][order]],
            stalls=counts["stalls"][order].tolist(),
            total_ns=counts["total_ns"][order].tolist(),
        )
