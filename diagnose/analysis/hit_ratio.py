"""The hit ratio of the service's reads over a capture and over time: one definition for facts and report (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.analysis.windows import BUFFERED, Series, Windows
from diagnose.capture.hit_ratio import LookUps, ratio_of


@dataclass(frozen=True)
class HitRatio:
    """What was counted in all, and `looked_up` and `missed` pages by window, shape (count,)."""

    total: LookUps
    looked_up: Series
    missed: Series

    def by(self, windows_a_point: int = 1) -> list[float | None]:
        """Return the ratio of each point of so many windows, from the sums of its windows; None where it has none."""
        if self.total.withheld:
            return [None] * -(-len(self.looked_up) // windows_a_point)
        points = np.arange(len(self.looked_up)) // windows_a_point
        looked_up, missed = (np.bincount(points, weights=pages).tolist() for pages in (self.looked_up, self.missed))
        return [ratio_of(*pages) for pages in zip(looked_up, missed, strict=True)]


def hit_ratio_of(windows: Windows) -> HitRatio | None:
    """Return the ratio; None where the reads were not measured, or hits and misses look alike."""
    if not windows.measured_misses or windows.lacks("read_totals.looked_up_pages"):
        return None
    looked_up, missed = (windows.read_total(f"{what}_pages", BUFFERED) for what in ("looked_up", "missed"))
    traced = windows.cache("looked_up", windows.service_ids)
    total = LookUps(
        looked_up_pages=int(looked_up.sum()),
        missed_pages=int(missed.sum()),
        missed_reads=int(windows.read_count(("missed",)).sum()),
        traced_pages=None if traced is None else int(traced.sum()),
    )
    return HitRatio(total, looked_up, missed)
