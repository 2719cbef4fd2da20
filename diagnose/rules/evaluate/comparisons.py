"""Numbers, and statistics of series, against thresholds (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.rules.conditions import Compare, OverTime
from diagnose.rules.evaluate.checked import Checked, DividedByZero, FewKnownWindows, Lacking
from diagnose.rules.evaluate.result import Context, Result
from diagnose.rules.units import unit_of

MIN_KNOWN_WINDOWS = 0.5
"""Share of windows that must have been measured for a statistic over them."""

STATISTICS: dict[str, Callable[[NDArray[np.float64]], Any]] = {
    "total": np.sum,
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
}


def compare(condition: Compare, context: Context) -> Result:
    value, lacking = _quotient(condition, context)
    neighbour = context.asked(condition.fact, *([condition.per] if condition.per else []))
    return _bounded(condition, context, neighbour, value, lacking)


def _quotient(condition: Compare, context: Context) -> tuple[float | None, Lacking | None]:
    """Return the number, divided where the condition says so, or why there is none."""
    value = context.number(condition.fact)
    if value is None:
        return None, context.facts.missing(condition.fact)
    if condition.per is None:
        return value, None
    divisor = context.number(condition.per)
    if divisor is None:
        return None, context.facts.missing(condition.per)
    return (None, DividedByZero(condition.per)) if divisor == 0 else (value / divisor, None)


def over_time(condition: OverTime, context: Context) -> Result:
    value, lacking = _statistic(condition, context)
    return _bounded(condition, context, context.asked(condition.series), value, lacking)


def _statistic(condition: OverTime, context: Context) -> tuple[float | None, Lacking | None]:
    """Return the statistic over the windows that were measured, or why there is none."""
    windows = context.facts.series(condition.series, context.whose(condition.series))
    if windows is None:
        return None, context.facts.missing(condition.series)
    known = windows[np.isfinite(windows)]
    if known.size == 0 or known.size < MIN_KNOWN_WINDOWS * windows.size:
        return None, FewKnownWindows(condition.series, known.size, windows.size)
    if condition.than:
        above = known > context.threshold(condition.than)
        return float(above.sum() if condition.take == "windows_above" else above.mean()), None
    return float(STATISTICS[condition.take](known)), None


def _bounded(
    condition: Compare | OverTime,
    context: Context,
    neighbour: str | None,
    value: float | None,
    lacking: Lacking | None,
) -> Result:
    kind, ref = condition.bound
    threshold = context.threshold(ref)
    met = None if value is None else _COMPARISONS[kind](value, threshold)
    return Result.of(Checked(condition, neighbour, met, value, threshold, unit_of(condition), lacking))


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "above": lambda value, threshold: value > threshold,
    "at_least": lambda value, threshold: value >= threshold,
    "below": lambda value, threshold: value < threshold,
    "at_most": lambda value, threshold: value <= threshold,
}
