"""Pressure stall information: the time in which tasks were stalled, and its share (pure).

Documentation/accounting/psi.rst in the kernel's sources.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.series import Readings
from diagnose.units import ratio


@dataclass(frozen=True)
class Stall:
    """Time stalled, in seconds, and its share of the time between the first and the last reading, 0 to 1."""

    seconds: float | None
    share: float | None


def stall_of(total_us: Readings, window_seconds: float) -> Stall:
    """Return what readings of a total in microseconds say; of a single one nothing."""
    risen_us = total_us.risen()
    seconds = None if risen_us is None else risen_us / 1e6
    share = ratio(seconds, float(total_us.windows[-1] - total_us.windows[0]) * window_seconds)
    return Stall(seconds, None if share is None else min(1.0, share))
