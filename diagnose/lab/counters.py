"""What a workload counts about itself, in memory that it shares with the lab.

A memfd rather than a file: updating a page that is being written back would stall the workload that it observes.
"""

from __future__ import annotations

import mmap
import os
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from diagnose.histogram import BINS

STEP, READS, SLOW, READ_BYTES, DEVICE_BYTES = range(5)
_FIRST_BIN = 8
_CELLS = _FIRST_BIN + BINS


class Counters:
    """Unsigned 64-bit cells: those named above, then a latency histogram (ns) of `histogram.BINS` bins."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, _CELLS * 8)
        self.cells = memoryview(self._map).cast("Q")
        self.bins = self.cells[_FIRST_BIN:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bins.release()
        self.cells.release()
        self._map.close()

    def snapshot(self) -> NDArray[np.int64]:
        """Return a copy of all cells, shape (8 + BINS,)."""
        return np.array(self.cells, dtype=np.int64)


def histogram_of(snapshot: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the latency histogram of a snapshot, shape (BINS,)."""
    return snapshot[_FIRST_BIN:]


def new_memory(name: str) -> int:
    """Return a file descriptor of zeroed memory for one Counters; inherited only where passed on purpose."""
    fd = os.memfd_create(f"diagnose-lab-{name}")
    os.ftruncate(fd, _CELLS * 8)
    return fd
