"""Tasks held up by the memory management, by cgroup: bpf/stalls.c.

Yields `Stalls`: how often and how many ns, by window, cgroup and kind. The evictions probe feeds the reclaim kinds.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from diagnose.capture.base import StallKind
from diagnose.capture.tables import Stalls
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.rows import Rows
from diagnose.measure.probes.run import Ending

KINDS: tuple[StallKind, ...] = get_args(StallKind)
_KEY = np.dtype([("cgroup", "u8"), ("window", "u4"), ("kind", "u4")])
_COUNTS = np.dtype([("stalls", "u8"), ("total_ns", "u8")])


class StallsProbe(Probe):
    """Pauses for dirty pages, and time spent reclaiming."""

    name = "stalls"
    attachments = (Attachment("tracepoint", "writeback:balance_dirty_pages", "on_dirty_throttle"),)
    fills = ("stalls",)

    def __init__(self) -> None:
        self._rows = Rows("stalls", _KEY, _COUNTS)

    def drain(self, module: Module, finished: int) -> Pages:
        self._rows.drain(module, finished)
        return {}

    def ended(self, ending: Ending) -> dict[str, Any]:
        keys, counts = self._rows.until(ending.windows)
        return {
            "stalls": Stalls(
                window=keys["window"].tolist(),
                cgroup=keys["cgroup"].tolist(),
                kind=[KINDS[k] for k in keys["kind"]],
                stalls=counts["stalls"].tolist(),
                total_ns=counts["total_ns"].tolist(),
            )
        }
