"""The hit ratio of the service's reads: 1 - missed/looked up, in pages, or why there is none (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Contradiction = Literal["few-traced", "more-missed", "no-page-missed"]
"""Two counters that contradict each other: the tracepoint saw far fewer look-ups than the reads made; more pages missed
than were looked up; reads missed, and no page did."""
Withheld = Contradiction | Literal["nothing-looked-up"]
"""Why no ratio is given: counters contradict each other, or the reads looked up no page."""

LOOKUP_TOLERANCE = 0.1
"""The share by which two counters of the same look-ups may differ before the hit ratio is withheld."""


@dataclass(frozen=True)
class LookUps:
    """What was counted of the service's buffered reads of regular files."""

    looked_up_pages: int
    missed_pages: int
    missed_reads: int
    traced_pages: int | None = None
    """What the tracepoint of look-ups saw the service look up, in whatever way; None: not measured, or not compared."""

    @property
    def contradiction(self) -> Contradiction | None:
        """Which counters contradict each other: better no ratio than a wrong one."""
        if self.traced_pages is not None and self.traced_pages < (1 - LOOKUP_TOLERANCE) * self.looked_up_pages:
            return "few-traced"
        if self.missed_pages > self.looked_up_pages:
            return "more-missed"
        if self.missed_reads and not self.missed_pages:
            return "no-page-missed"
        return None

    @property
    def withheld(self) -> Withheld | None:
        """Why no ratio is given; None: there is one."""
        return self.contradiction or (None if self.looked_up_pages else "nothing-looked-up")

    @property
    def hit_ratio(self) -> float | None:
        """Return the ratio; None where it is withheld."""
        return None if self.withheld else ratio_of(self.looked_up_pages, self.missed_pages)


def ratio_of(looked_up_pages: float, missed_pages: float) -> float | None:
    """Return the ratio of a part of the capture; None where nothing was looked up, or more missed than was."""
    return 1 - missed_pages / looked_up_pages if 0 < looked_up_pages >= missed_pages else None
