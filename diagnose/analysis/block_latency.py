"""The latency of block requests by device, direction, stage and whether they were the service's: histograms (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np

from diagnose.analysis.windows import Counts
from diagnose.capture.base import BlockOp, Stage
from diagnose.capture.model import Capture
from diagnose.histogram import BINS

OPS: tuple[BlockOp, ...] = get_args(BlockOp)
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True)
class BlockLatency:
    """A capture's requests, asked by histogram of shape (BINS,)."""

    capture: Capture

    @cached_property
    def devices(self) -> list[str]:
        """All devices of which a request was seen, timed or not."""
        return sorted({*self.capture.block_requests.device, *self.capture.block_latency.device})

    @cached_property
    def counts(self) -> Counts:
        """Counts of shape (device, op, stage, own, bin): by the places in `devices`, OPS and STAGES; `own`: 0 or 1."""
        table, shape = self.capture.block_latency, (max(1, len(self.devices)), len(OPS), len(STAGES), 2, BINS)
        places = (_places(table.device, self.devices), _places(table.op, OPS), _places(table.stage, STAGES))
        own, bins = np.asarray(table.own, np.int64), np.minimum(np.asarray(table.bin, np.int64), BINS - 1)
        key = np.ravel_multi_index((*places, own, bins), shape)
        counted = np.bincount(key, weights=np.asarray(table.count, np.int64), minlength=int(np.prod(shape)))
        return np.rint(counted).astype(np.int64).reshape(shape)

    def own(self, device: str, op: BlockOp, stage: Stage) -> Counts:
        """Return how long the service's own requests took in a stage."""
        if device not in self.devices:
            return np.zeros(BINS, np.int64)
        counts: Counts = self.counts[self.devices.index(device), OPS.index(op), STAGES.index(stage), 1]
        return counts


def _places(cells: Sequence[str], names: Sequence[str]) -> Counts:
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[cell] for cell in cells], np.int64)
