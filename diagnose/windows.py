"""A capture's tables as aligned series: one value a window, NaN where a window has none (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from diagnose.cgroups.paths import is_within
from diagnose.histogram import BINS
from diagnose.models import Capture, Cause, ProbeRecord, ReadKind

Series = NDArray[np.float64]
Counts = NDArray[np.int64]
Ids = NDArray[np.uint64]

KINDS: tuple[ReadKind, ...] = get_args(ReadKind)
CAUSES: tuple[Cause, ...] = get_args(Cause)
FILE_KINDS: tuple[ReadKind, ...] = ("hit", "missed", "direct", "io_uring")
BUFFERED: tuple[ReadKind, ...] = ("hit", "missed")
BPF = "bpf"
"""The probe that stands for BPF itself; only captures of hosts that refuse it have it, and it never attached."""

UNREAD = "cgroups not read by themselves"
"""How the probe "cgroups" says, after their number, that not every cgroup was read."""


def refusal(capture: Capture) -> ProbeRecord | None:
    """Return why a capture was made without BPF; None: it was made with it."""
    return next((p for p in capture.probes if p.probe == BPF and not p.attached), None)


def _codes(values: list[str], names: tuple[str, ...]) -> NDArray[np.int64]:
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[v] for v in values], np.int64)


def _sums(index: Counts, weights: NDArray[Any], length: int) -> Series:
    """Add weights up by index (windows or bins), shape (length,)."""
    return np.bincount(index, weights=weights, minlength=length).astype(np.float64)


def _by_cgroup(cgroup: Ids, pages: Series) -> dict[int, float]:
    ids, position = np.unique(cgroup, return_inverse=True)
    return dict(zip(ids.tolist(), np.bincount(position, weights=pages).tolist(), strict=True))


@dataclass(frozen=True)
class Windows:
    """A capture, asked by series. Shapes: series (count,), histograms (BINS,)."""

    capture: Capture

    @property
    def count(self) -> int:
        return self.capture.windows

    @property
    def seconds(self) -> float:
        return self.capture.window_seconds

    @cached_property
    def paths(self) -> dict[int, str]:
        """Cgroup id -> path, of those whose name is known."""
        return {c.id: c.path for c in self.capture.cgroups}

    @cached_property
    def service_ids(self) -> frozenset[int]:
        """The ids of the service's cgroup and everything below it."""
        top = self.capture.service.cgroup
        return frozenset({self.capture.service.cgroup_id} | {i for i, p in self.paths.items() if is_within(p, top)})

    @cached_property
    def without_bpf(self) -> bool:
        """Whether the capture was made of files alone."""
        return refusal(self.capture) is not None

    def probe_attached(self, name: str) -> bool:
        return any(p.probe == name and p.attached for p in self.capture.probes)

    # ------------------------------------------------------------ reads

    @cached_property
    def _reads(self) -> tuple[Counts, Counts, Counts, Counts]:
        r = self.capture.reads
        return (
            np.array(r.window, np.int64),
            _codes(list(r.kind), KINDS),
            np.array(r.bin, np.int64),
            np.array(r.count, np.int64),
        )

    def read_histogram(self, kinds: Iterable[ReadKind] = FILE_KINDS) -> Counts:
        """Return the counts of the service's reads by latency bin, of some kinds, over the whole capture."""
        _, kind, bins, count = self._reads
        keep = np.isin(kind, [KINDS.index(k) for k in kinds]) & (bins < BINS)
        return _sums(bins[keep], count[keep], BINS).astype(np.int64)

    def reads_from_bin(self, first_bin: int, kinds: Iterable[ReadKind] = FILE_KINDS) -> Series:
        """Return per window how many reads of some kinds fell into `first_bin` or above."""
        window, kind, bins, count = self._reads
        keep = np.isin(kind, [KINDS.index(k) for k in kinds]) & (bins >= first_bin)
        return _sums(window[keep], count[keep], self.count)

    def read_total(self, column: str, kinds: Iterable[ReadKind] = FILE_KINDS) -> Series:
        """Return a column of the read totals (count, total_ns, looked_up_pages, …) per window."""
        totals = self.capture.read_totals
        keep = np.isin(_codes(list(totals.kind), KINDS), [KINDS.index(k) for k in kinds])
        values = np.array(getattr(totals, column), np.float64)
        return _sums(np.array(totals.window, np.int64)[keep], values[keep], self.count)

    # ------------------------------------------------------------ page cache

    def cache(self, column: str, cgroups: Iterable[int] | None = None) -> Series | None:
        """Return pages per window of a column of the page-cache table; None where it was not measured."""
        pages = self._cache_pages.get(column)
        if pages is None or not self.probe_attached("page-cache"):
            return None
        window, cgroup = self._cache_keys
        if cgroups is not None:
            keep = np.isin(cgroup, np.array(sorted(cgroups), np.uint64))
            window, pages = window[keep], pages[keep]
        return _sums(window, pages, self.count)

    def inserted_by(self) -> dict[int, float]:
        """Return the pages that each cgroup inserted in the whole capture."""
        return _by_cgroup(self._cache_keys[1], self._cache_pages["inserted"])

    @cached_property
    def _cache_keys(self) -> tuple[Counts, Ids]:
        """The table of a large host has millions of rows: turned into arrays once, however many facts ask."""
        return np.array(self.capture.cache.window, np.int64), np.array(self.capture.cache.cgroup, np.uint64)

    @cached_property
    def _cache_pages(self) -> dict[str, Series]:
        columns = self.capture.cache.columns()
        return {name: np.array(v, np.float64) for name, v in columns.items() if name not in ("window", "cgroup")}

    # ------------------------------------------------------------ evictions

    @cached_property
    def _evictions(self) -> tuple[Counts, NDArray[np.uint64], NDArray[np.uint64], Counts, Series]:
        e = self.capture.evictions
        return (
            np.array(e.window, np.int64),
            np.array(e.evictor, np.uint64),
            np.array(e.victim, np.uint64),
            _codes(list(e.cause), CAUSES),
            np.array(e.pages, np.float64),
        )

    def evictions(
        self, causes: Iterable[Cause], victims: Iterable[int] | None = None, evictors: Iterable[int] | None = None
    ) -> Series | None:
        """Return pages removed per window for some causes, victims and evictors (None: all); None if not measured."""
        if not self.probe_attached("evictions"):
            return None
        window, evictor, victim, cause, pages = self._evictions
        keep = np.isin(cause, [CAUSES.index(c) for c in causes])
        if victims is not None:
            keep &= np.isin(victim, np.array(sorted(victims), np.uint64))
        if evictors is not None:
            keep &= np.isin(evictor, np.array(sorted(evictors), np.uint64))
        return _sums(window[keep], pages[keep], self.count)

    def evicted_by(self, causes: Iterable[Cause], victims: Iterable[int]) -> dict[int, float]:
        """Return the pages of `victims` that each cgroup removed in the whole capture, for some causes."""
        _, evictor, victim, cause, pages = self._evictions
        keep = np.isin(cause, [CAUSES.index(c) for c in causes]) & np.isin(victim, np.array(sorted(victims), np.uint64))
        return _by_cgroup(evictor[keep], pages[keep])

    # ------------------------------------------------------------ blame

    def blamed(self, causes: Iterable[Cause], evictors: Iterable[int] | None = None) -> Series | None:
        """Return blamed reads per window for some causes and evictors (None: all); None if not measured."""
        if self.capture.blame is None:
            return None
        table = self.capture.blame.reads
        keep = np.isin(_codes(list(table.cause), CAUSES), [CAUSES.index(c) for c in causes])
        if evictors is not None:
            keep &= np.isin(np.array(table.evictor, np.uint64), np.array(sorted(evictors), np.uint64))
        return _sums(np.array(table.window, np.int64)[keep], np.array(table.reads, np.float64)[keep], self.count)

    def blame_bins(self, name: Literal["age_ns", "distance_pages"]) -> Counts | None:
        """Return a histogram of the blame, shape (BINS,); None if not measured."""
        if self.capture.blame is None:
            return None
        bins = getattr(self.capture.blame, name)
        counts = np.zeros(BINS, np.int64)
        index = np.array(bins.bin, np.int64)
        counts[index[index < BINS]] = np.array(bins.count, np.int64)[index < BINS]
        return counts

    # ------------------------------------------------------------ readings of files

    def gauge(self, cgroup: int, key: str) -> Series | None:
        """Return a reading of a cgroup at the end of each window, shape (count,); None if there is not one."""
        readings = self.readings(cgroup, key)
        if readings is None:
            return None
        series = np.full(self.count, np.nan)
        for window, value in readings:
            if window >= 0:
                series[window] = value
        return series

    def gauge_of(self, path: str, key: str) -> Series | None:
        """Return a reading of whatever cgroup had a path in each window: made anew, it is another one of that name."""
        parts = [g for cgroup, p in self.paths.items() if p == path and (g := self.gauge(cgroup, key)) is not None]
        merged: Series | None = np.fmax.reduce(parts) if parts else None
        return merged

    def peak(self, cgroup: int, key: str) -> float | None:
        """Return the highest reading of the capture, the one at the start included."""
        readings = self.readings(cgroup, key)
        return max(value for _, value in readings) if readings else None

    def increase(self, cgroup: int, key: str) -> Series | None:
        """Return by how much a counter of a cgroup rose in each window; None without two readings."""
        return _increases(self.readings(cgroup, key), self.count)

    def change(self, cgroup: int, key: str) -> Series | None:
        """Return by how much a reading of a cgroup rose or fell in each window; None without two readings."""
        readings = self.readings(cgroup, key)
        if readings is None or len(readings) < 2:
            return None
        series = np.full(self.count, np.nan)
        for (_, before), (window, value) in pairwise(readings):
            series[window] = value - before
        return series

    def host_increase(self, key: str) -> Series | None:
        """Return by how much a host counter ("vmstat.pswpin") rose in each window; None without two readings."""
        samples = self.capture.host_samples
        column = samples.values.get(key)
        if column is None:
            return None
        readings = [(w, float(v)) for w, v in zip(samples.window, column, strict=True) if v is not None]
        return _increases(readings, self.count)

    @cached_property
    def _sample_rows(self) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for row, cgroup in enumerate(self.capture.cgroup_samples.cgroup):
            rows.setdefault(cgroup, []).append(row)
        return rows

    def readings(self, cgroup: int, key: str) -> list[tuple[int, float]] | None:
        """Return the (window, value) of a cgroup's readings in the order of time; -1: before the first window."""
        samples = self.capture.cgroup_samples
        column = samples.values.get(key)
        if column is None:
            return None
        readings = [
            (samples.window[row], float(value))
            for row in self._sample_rows.get(cgroup, [])
            if (value := column[row]) is not None
        ]
        return sorted(readings) or None


def _increases(readings: list[tuple[int, float]] | None, count: int) -> Series | None:
    if not readings or len(readings) < 2:
        return None
    series = np.full(count, np.nan)
    for (_, before), (window, value) in pairwise(readings):
        # A counter that fell was reset (the cgroup was made anew): what happened in between is not known.
        series[window] = value - before if value >= before else np.nan
    return series
