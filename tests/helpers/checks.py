"""A figure of ours beside one that was counted independently, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """`lost`: events that the capture says it could not count; None: some were lost, each worth more than one of these.

    The tolerance is `share` of theirs and `slack` on top, in the unit of the figures.
    """

    what: str
    ours: float
    theirs: float
    measure: str
    """What theirs was measured with."""
    share: float = 0.0
    slack: float = 0.0
    lost: int | None = 0
    also_of_others: bool = False
    """What was lost may have been somebody else's: ours is at most theirs, and with all of it at least theirs."""

    @property
    def difference(self) -> float:
        """How far the figures are apart; what was lost, and said to be, is no difference."""
        if self.lost is None:
            return max(0.0, self.ours - self.theirs)
        if self.also_of_others:
            return max(0.0, self.ours - self.theirs) + min(0.0, self.ours + self.lost - self.theirs)
        return self.ours + self.lost - self.theirs

    @property
    def tolerance(self) -> float:
        return self.share * abs(self.theirs) + self.slack

    @property
    def holds(self) -> bool:
        return abs(self.difference) <= self.tolerance

    def __str__(self) -> str:
        lost = "" if self.lost == 0 else " and some lost" if self.lost is None else f" and {self.lost} lost"
        return f"{self.what}: {self.ours:g}{lost}, {self.measure} says {self.theirs:g}"


def tolerance(check: Check) -> str:
    """Return the tolerance as people read it."""
    parts = [f"{check.share * 100:g} %"] if check.share else []
    parts += [f"{check.slack:g}"] if check.slack else []
    return " + ".join(parts) or "none"
