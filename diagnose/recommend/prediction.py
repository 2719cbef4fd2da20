"""What a change is expected to do to the service's reads, out of the refaults that it avoids (pure).

Reads that waited for pages which the change keeps in the cache become hits, and take as long as hits took. Nothing is
expected for missed reads whose pages had not been evicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.evictions import FOR_MEMORY, RECLAIM
from diagnose.analysis.facts import Facts
from diagnose.analysis.miss_ratio_curve import evicted_before
from diagnose.analysis.windows import CAUSES
from diagnose.capture.base import Cause
from diagnose.cgroups.paths import is_within
from diagnose.histogram import percentile


@dataclass(frozen=True)
class Latency:
    """How many reads are slow before and after, and the 99th percentile of all."""

    slow_before: int
    slow_after: int
    p99_before_seconds: float
    p99_after_seconds: float
    slow_hits: int
    """Slow reads that found their pages in the cache."""
    slow_missed_after: int
    """Of what stays slow, the reads that still miss; the others are hits that take as long as slow hits did."""

    @property
    def slow_hits_after(self) -> int:
        return self.slow_after - self.slow_missed_after


@dataclass(frozen=True)
class Prediction:
    """Before and after, of the buffered reads of regular files during a capture of the same load."""

    reads: int
    missed_before: int
    missed_after: int
    hit_ratio_before: float | None
    hit_ratio_after: float | None
    latency: Latency | None
    """None where no read was a hit, so that how long one takes is not known."""
    proactive_reads: int = 0
    """Missed reads that waited for pages which proactive reclaim took: the change does not end that."""
    others_reads: int = 0
    """Missed reads that waited for pages which neighbours removed to whom the change does nothing."""

    @property
    def slow_share_after(self) -> float | None:
        """Of all reads; None: not known."""
        return None if self.latency is None or not self.reads else self.latency.slow_after / self.reads

    @property
    def slow_missed_share_after(self) -> float | None:
        """Of all reads, those that stay slow because they miss; None: not known."""
        return None if self.latency is None or not self.reads else self.latency.slow_missed_after / self.reads

    def leaves_trouble(self, trouble_share: float | None) -> bool:
        """Tell whether the share of reads that stays slow is known, and still `trouble_share` or more."""
        stays = self.slow_share_after
        return trouble_share is not None and stays is not None and stays >= trouble_share


def waited_for(facts: Facts, causes: Sequence[Cause], evictors: frozenset[int] | None = None) -> float | None:
    """Return how many missed reads waited for pages evicted for these causes (by these cgroups); None if unknown.

    Those blamed, and of those whose page was evicted before the capture began the same share.
    """
    some, everybody = facts.windows.blamed(causes, evictors), facts.windows.blamed(CAUSES)
    missed = facts.number("reads.missed")
    if some is None or everybody is None or missed is None:
        return None
    blamed, by_any = float(some.sum()), float(everybody.sum())
    if by_any == 0:
        return 0.0
    return blamed * (1 + min(max(0.0, missed - by_any), _before_the_capture(facts, by_any)) / by_any)


def _before_the_capture(facts: Facts, blamed: float) -> float:
    """Return about how many reads waited for pages that had been evicted before the capture began."""
    blame, before = facts.windows.capture.blame, evicted_before(facts.windows)
    seen = sum(blame.distance_pages.count) if blame else 0
    # As many pages a read as of those that were seen to go.
    return 0.0 if before is None or seen == 0 else before * blamed / seen


def predict(facts: Facts, waited: float | None, avoided: float) -> Prediction | None:
    """Return what is expected when the share `avoided` of `waited` reads no longer wait; None where that is unknown."""
    missed = facts.number("reads.missed")
    if not missed or not waited:
        return None
    fewer = min(missed, avoided * waited)
    stays = 1 - fewer / missed
    ratio = facts.number("cache.hit_ratio")
    return Prediction(
        reads=round(float(facts.windows.read_histogram(("hit", "missed")).sum())),
        missed_before=int(missed),
        missed_after=round(missed * stays),
        hit_ratio_before=ratio,
        hit_ratio_after=None if ratio is None else 1 - (1 - ratio) * stays,
        latency=_latency(facts, fewer, stays),
        proactive_reads=_proactive(facts),
    )


def _latency(facts: Facts, fewer: float, stays: float) -> Latency | None:
    """Return what is expected when `fewer` missed reads take as long as hits took, and the share `stays` as it did."""
    hits, misses = (facts.windows.read_histogram((kind,)).astype(float) for kind in ("hit", "missed"))
    if hits.sum() == 0:
        return None
    before = hits + misses
    after = hits * (1 + fewer / hits.sum()) + misses * stays
    p99 = [percentile(np.rint(h).astype(np.int64), 0.99) for h in (before, after)]
    return Latency(
        slow_before=_slow(facts, before),
        slow_after=_slow(facts, after),
        p99_before_seconds=(p99[0] or 0.0) / 1e9,
        p99_after_seconds=(p99[1] or 0.0) / 1e9,
        slow_hits=_slow(facts, hits),
        slow_missed_after=_slow(facts, misses * stays),
    )


def predict_contained(facts: Facts, contained: frozenset[str], avoided: float) -> Prediction | None:
    """Return what is expected when these neighbours no longer take the service's pages, and others go on to do so."""
    # The service's own reclaim is among it: it takes pages only to bring back those that others had taken, and ends
    # with them, once what the service needs fits.
    waited = waited_for(facts, FOR_MEMORY)
    others = frozenset[int]().union(*(n.ids for path, n in facts.by_path.items() if not _lies_in(path, contained)))
    stays = waited_for(facts, RECLAIM, others)
    if waited is None or stays is None:
        return None
    found, blamed = predict(facts, waited - stays, avoided), facts.windows.blamed(RECLAIM, others)
    return None if found is None or blamed is None else replace(found, others_reads=round(float(blamed.sum())))


def _lies_in(path: str, tops: frozenset[str]) -> bool:
    return any(is_within(path, top) for top in tops)


def _proactive(facts: Facts) -> int:
    waited = facts.windows.blamed(("proactive",))
    return 0 if waited is None else round(float(waited.sum()))


def _slow(facts: Facts, histogram: NDArray[np.float64]) -> int:
    slow = facts.windows.slow_threshold
    return round(float(histogram[slow.first_bin if slow else 0 :].sum()))
