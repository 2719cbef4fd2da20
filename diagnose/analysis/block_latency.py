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

    def of(self, device: str) -> Counts:
        """Return the counts of a device, shape (op, stage, own, bin): by the places in OPS and STAGES; `own`: 0 or 1.

        One device at a time: a host may have thousands, and a histogram of each takes memory.
        """
        shape = (len(OPS), len(STAGES), 2, BINS)
        cells, counts = self._cells
        rows = self._rows.get(device, _NO_ROWS)
        counted = np.bincount(cells[rows], weights=counts[rows], minlength=int(np.prod(shape)))
        return np.rint(counted).astype(np.int64).reshape(shape)

    def own(self, device: str, op: BlockOp, stage: Stage) -> Counts:
        """Return how long the service's own requests took in a stage."""
        counts: Counts = self.of(device)[OPS.index(op), STAGES.index(stage), 1]
        return counts

    @cached_property
    def _cells(self) -> tuple[Counts, Counts]:
        """The cell of each row in the histograms of its device, and its count."""
        table = self.capture.block_latency
        own, bins = np.asarray(table.own, np.int64), np.minimum(np.asarray(table.bin, np.int64), BINS - 1)
        places = (_places(table.op, OPS), _places(table.stage, STAGES), own, bins)
        return np.ravel_multi_index(places, (len(OPS), len(STAGES), 2, BINS)), np.asarray(table.count, np.int64)

    @cached_property
    def _rows(self) -> dict[str, Counts]:
        """The rows of each device."""
        place = _places(self.capture.block_latency.device, self.devices)
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=len(self.devices)))[:-1]
        return dict(zip(self.devices, np.split(order, ends), strict=True)) if self.devices else {}


_NO_ROWS = np.zeros(0, np.int64)


def _places(cells: Sequence[str], names: Sequence[str]) -> Counts:
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[cell] for cell in cells], np.int64)
