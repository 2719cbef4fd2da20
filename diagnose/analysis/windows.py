"""A capture's tables as aligned series: one value a window, NaN where a window has none (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.groups import Groups
from diagnose.analysis.sampled import Sampled
from diagnose.analysis.slow_threshold import SlowThreshold, slow_threshold
from diagnose.capture.base import Cause, FileKind, ReadKind
from diagnose.capture.columns import Whole, stored
from diagnose.capture.model import BPF, Capture, CgroupRecord, ProbeRecord
from diagnose.cgroups.paths import is_within
from diagnose.histogram import BINS

Series = NDArray[np.float64]
Counts = NDArray[np.int64]
Ids = NDArray[np.uint64]

KINDS: tuple[ReadKind, ...] = get_args(ReadKind)
CAUSES: tuple[Cause, ...] = get_args(Cause)
FILE_KINDS: tuple[FileKind, ...] = get_args(FileKind)
BUFFERED: tuple[ReadKind, ...] = ("hit", "missed")


def refusal(capture: Capture) -> ProbeRecord | None:
    """Return why a capture was made without BPF; None: it was made with it."""
    return next((p for p in capture.probes if p.probe == BPF and not p.attached), None)


def _codes(values: list[str], names: tuple[str, ...]) -> NDArray[np.int64]:
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[v] for v in values], np.int64)


def _sums(index: Whole, weights: NDArray[Any], length: int) -> Series:
    """Add weights up by index (windows or bins), shape (length,)."""
    return np.bincount(index, weights=weights, minlength=length).astype(np.float64)


@dataclass(frozen=True)
class Windows(Sampled):
    """A capture, asked by series. Shapes: series (count,), histograms (BINS,)."""

    def record_of(self, path: str) -> CgroupRecord | None:
        """Return who bears a path; of several that bore it one after the other, the one that was made last."""
        return max((c for c in self.capture.cgroups if c.path == path), key=lambda c: c.id, default=None)

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

    def lacks(self, column: str) -> bool:
        """Tell whether a probe says that it could not provide a column ("cache.looked_up")."""
        return any(column in p.missing for p in self.capture.probes)

    @cached_property
    def measured_misses(self) -> bool:
        """Whether hits and misses were told apart: misses are marked by the insertions that "page-cache" sees."""
        marked = self.probe_attached("page-cache") and not self.lacks("read_totals.missed_pages")
        return marked and self.probe_attached("reads")

    # ------------------------------------------------------------ reads

    @cached_property
    def reads(self) -> tuple[Counts, Counts, Counts, Counts]:
        """The rows of the histogram of reads: window, kind (its place in KINDS), bin and count."""
        r = self.capture.reads
        return (
            np.asarray(r.window, np.int64),
            _codes(list(r.kind), KINDS),
            np.minimum(np.asarray(r.bin, np.int64), BINS - 1),
            np.asarray(r.count, np.int64),
        )

    def read_histogram(self, kinds: Iterable[ReadKind] = FILE_KINDS) -> Counts:
        """Return the counts of the service's reads by latency bin, of some kinds, over the whole capture."""
        _, kind, bins, count = self.reads
        keep = np.isin(kind, [KINDS.index(k) for k in kinds])
        return _sums(bins[keep], count[keep], BINS).astype(np.int64)

    @cached_property
    def slow_threshold(self) -> SlowThreshold | None:
        """From where on a read of the service is called slow; None: its reads were not measured."""
        if not self.probe_attached("reads"):
            return None
        return slow_threshold(self.read_histogram(("hit",)), self.read_histogram(("missed",)))

    def reads_from_bin(self, first_bin: int, kinds: Iterable[ReadKind] = FILE_KINDS) -> Series:
        """Return per window how many reads of some kinds fell into `first_bin` or above."""
        window, kind, bins, count = self.reads
        keep = np.isin(kind, [KINDS.index(k) for k in kinds]) & (bins >= first_bin)
        return _sums(window[keep], count[keep], self.count)

    def read_count(self, kinds: Iterable[ReadKind] = FILE_KINDS) -> Series:
        """Return per window how many reads of some kinds there were."""
        return self.reads_from_bin(0, kinds)

    def read_total(self, column: str, kinds: Iterable[ReadKind] = FILE_KINDS) -> Series:
        """Return a sum of the read totals (total_ns, looked_up_pages, …) per window."""
        totals = self.capture.read_totals
        keep = np.isin(_codes(list(totals.kind), KINDS), [KINDS.index(k) for k in kinds])
        values = np.array(getattr(totals, column), np.float64)
        return _sums(np.asarray(totals.window, np.int64)[keep], values[keep], self.count)

    # ------------------------------------------------------------ page cache

    def cache(self, column: str, cgroups: Iterable[int] | None = None) -> Series | None:
        """Return pages per window of a column of the page-cache table; None where it was not measured."""
        pages = self._cache_pages.get(column)
        if pages is None or not self.probe_attached("page-cache"):
            return None
        if cgroups is None:
            return self._cache_of_all[column].copy()
        rows = self.cache_groups.rows_of(set(cgroups))
        return _sums(self._cache_windows[rows], pages[rows], self.count)

    def cache_by(self, column: str) -> dict[int, float] | None:
        """Return the sum of a column of the page-cache table by cgroup; None where it was not measured."""
        pages = self._cache_pages.get(column)
        return None if pages is None or self.lacks(f"cache.{column}") else self.cache_groups.sums(pages)

    def inserted_by(self) -> dict[int, float]:
        """Return the pages that each cgroup inserted in the whole capture."""
        return self.cache_groups.sums(self._cache_pages["inserted"])

    @cached_property
    def cache_groups(self) -> Groups:
        """The page-cache table of a large host has millions of rows: sorted once, however many facts ask."""
        return Groups(np.asarray(self.capture.cache.cgroup, np.uint64))

    @cached_property
    def _cache_of_all(self) -> dict[str, Series]:
        return {name: _sums(self._cache_windows, pages, self.count) for name, pages in self._cache_pages.items()}

    @cached_property
    def _cache_windows(self) -> Whole:
        return stored(self.capture.cache.window)

    @cached_property
    def _cache_pages(self) -> dict[str, Whole]:
        columns = self.capture.cache.columns()
        return {name: stored(v) for name, v in columns.items() if name not in ("window", "cgroup")}

    # ------------------------------------------------------------ evictions

    @cached_property
    def _evictions(self) -> tuple[Counts, NDArray[np.uint64], NDArray[np.uint64], Counts, Series]:
        e = self.capture.evictions
        return (
            np.asarray(e.window, np.int64),
            np.asarray(e.evictor, np.uint64),
            np.asarray(e.victim, np.uint64),
            _codes(list(e.cause), CAUSES),
            np.asarray(e.pages, np.float64),
        )

    def evictions(
        self, causes: Iterable[Cause], victims: Iterable[int] | None = None, evictors: Iterable[int] | None = None
    ) -> Series | None:
        """Return pages removed per window for some causes, victims and evictors (None: all); None if not measured."""
        return self.evicted_pages(causes, victims, evictors) if self.probe_attached("evictions") else None

    def evicted_pages(
        self, causes: Iterable[Cause], victims: Iterable[int] | None = None, evictors: Iterable[int] | None = None
    ) -> Series:
        """Return the same of a capture in which evictions were measured."""
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
        return Groups(evictor[keep]).sums(pages[keep])

    # ------------------------------------------------------------ blame

    def blamed(self, causes: Iterable[Cause], evictors: Iterable[int] | None = None) -> Series | None:
        """Return blamed reads per window for some causes and evictors (None: all); None if not measured."""
        if self.capture.blame is None:
            return None
        table = self.capture.blame.reads
        keep = np.isin(_codes(list(table.cause), CAUSES), [CAUSES.index(c) for c in causes])
        if evictors is not None:
            keep &= np.isin(np.asarray(table.evictor, np.uint64), np.array(sorted(evictors), np.uint64))
        return _sums(np.asarray(table.window, np.int64)[keep], np.asarray(table.reads, np.float64)[keep], self.count)

    def blame_bins(self, name: Literal["age_ns", "distance_pages"]) -> Counts | None:
        """Return a histogram of the blame, shape (BINS,); None if not measured."""
        if self.capture.blame is None:
            return None
        bins = getattr(self.capture.blame, name)
        counts = np.zeros(BINS, np.int64)
        index = np.asarray(bins.bin, np.int64)
        counts[index[index < BINS]] = np.asarray(bins.count, np.int64)[index < BINS]
        return counts
