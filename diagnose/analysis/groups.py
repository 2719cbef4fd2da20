"""The rows of a long table, by cgroup: sorted once, however many questions there are (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Groups:
    """`known`: the cgroups of a table in ascending order, shape (n,); `index`: the place in it of each row's cgroup."""

    def __init__(self, cgroups: NDArray[np.uint64]) -> None:
        self.known = np.unique(cgroups)
        self.index: Rows = np.searchsorted(self.known, cgroups).astype(np.int64, copy=False)
        small = self.known.size <= np.iinfo(np.uint16).max  # numpy sorts 16 bits in linear time
        self._order: Rows = np.argsort(self.index.astype(np.uint16) if small else self.index, kind="stable")
        self._starts = np.searchsorted(self.index[self._order], np.arange(self.known.size + 1))

    def rows(self, cgroup: int) -> Rows:
        """Return the rows of a cgroup, in the table's order; none for one that has none."""
        place = int(np.searchsorted(self.known, np.uint64(cgroup)))
        if place == self.known.size or self.known[place] != cgroup:
            return self._order[:0]
        return self._order[self._starts[place] : self._starts[place + 1]]

    def rows_of(self, cgroups: Iterable[int]) -> Rows:
        """Return the rows of some cgroups."""
        return np.concatenate([self._order[:0], *(self.rows(cgroup) for cgroup in cgroups)])

    def sums(self, values: NDArray[np.float64] | NDArray[np.integer[Any]]) -> dict[int, float]:
        """Return the sum of a column by cgroup."""
        sums = np.bincount(self.index, weights=values, minlength=self.known.size)
        return dict(zip(self.known.tolist(), sums.tolist(), strict=True))
