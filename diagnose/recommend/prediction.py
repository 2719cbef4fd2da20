"""What a change is expected to do to the service's reads, out of the blamed reads (pure).

Blamed reads of the culprits that the change keeps in the cache become hits, and take as long as hits took. Nothing is
expected for missed reads that are not traced to an eviction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose import units
from diagnose.facts import Facts
from diagnose.histogram import percentile
from diagnose.recommend.sizing import WANTED_SHARE


@dataclass(frozen=True)
class Prediction:
    """Before and after, of the buffered reads of regular files during a capture of the same load."""

    missed_before: int
    missed_after: int
    hit_ratio_before: float | None
    hit_ratio_after: float | None
    p99_before_seconds: float
    p99_after_seconds: float

    def sentence(self) -> str:
        ratio = (
            f", the hit ratio from {units.percent(self.hit_ratio_before)} to {units.percent(self.hit_ratio_after)}"
            if self.hit_ratio_before is not None
            else ""
        )
        return (
            f"Under the same load, missed reads go from {units.count(self.missed_before)} to about "
            f"{units.count(self.missed_after)}{ratio}, the 99th percentile of reads from "
            f"{units.duration(self.p99_before_seconds)} to about {units.duration(self.p99_after_seconds)}."
        )


def blamed_on_pressure(facts: Facts) -> float | None:
    """Return the reads blamed on reclaim under pressure, whoever did it; None where the blame is unknown.

    The service's own reclaim is among it: it takes pages only to bring back those that others had taken, and ends with
    them, once what the service needs fits.
    """
    blamed = facts.windows.blamed(("memcg-reclaim", "direct-reclaim", "kswapd"))
    return None if blamed is None else float(blamed.sum())


def predict(facts: Facts, blamed: float | None) -> Prediction | None:
    """Return what is expected when `blamed` reads no longer wait; None where they or the reads are unknown, or none."""
    missed = facts.number("reads.missed")
    if not missed or not blamed:
        return None
    avoided = min(missed, WANTED_SHARE * blamed)
    stays = 1 - avoided / missed
    hits = facts.windows.read_histogram(("hit",)).astype(float)
    misses = facts.windows.read_histogram(("missed",)).astype(float)
    if hits.sum() == 0:
        return None
    after = hits * (1 + avoided / hits.sum()) + misses * stays
    p99 = [percentile(np.rint(h).astype(np.int64), 0.99) for h in (hits + misses, after)]
    ratio = facts.number("cache.hit_ratio")
    return Prediction(
        missed_before=int(missed),
        missed_after=round(missed * stays),
        hit_ratio_before=ratio,
        hit_ratio_after=None if ratio is None else 1 - (1 - ratio) * stays,
        p99_before_seconds=(p99[0] or 0.0) / 1e9,
        p99_after_seconds=(p99[1] or 0.0) / 1e9,
    )
