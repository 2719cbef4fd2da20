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


def blamed_on(facts: Facts, culprits: list[str]) -> float | None:
    """Return the reads blamed on the culprits together; None where the blame is unknown."""
    blamed = [facts.number("neighbour.blamed_reads", c) for c in culprits]
    return None if any(b is None for b in blamed) else sum(b for b in blamed if b is not None)


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
