"""Numbers, and statistics of series, against thresholds (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.report.model import Evidence
from diagnose.rules import wording
from diagnose.rules.conditions import Compare, OverTime
from diagnose.rules.evaluate.result import Context, Result, unknown

MIN_KNOWN_WINDOWS = 0.5
"""Share of windows that must have been measured for a statistic over them."""

_STATISTICS: dict[str, Callable[[NDArray[np.float64]], Any]] = {
    "total": np.sum,
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
}


def compare(condition: Compare, context: Context) -> Result:
    value = context.number(condition.fact)
    missing = "" if value is not None else context.facts.missing_reason(condition.fact)
    names = [condition.fact]
    if condition.per:
        names.append(condition.per)
        divisor = context.number(condition.per)
        if divisor is None:
            missing = missing or context.facts.missing_reason(condition.per)
        elif divisor == 0:
            missing = missing or f"{wording.label(condition.per)}: 0, so nothing can be divided by it"
        elif value is not None:
            value /= divisor
    return _bounded(condition, context, None if missing else value, missing, names)


def over_time(condition: OverTime, context: Context) -> Result:
    windows = context.facts.series(condition.series, context.whose(condition.series))
    missing = ""
    value = None
    if windows is None:
        missing = context.facts.missing_reason(condition.series)
    else:
        known = windows[np.isfinite(windows)]
        if known.size == 0 or known.size < MIN_KNOWN_WINDOWS * windows.size:
            missing = f"{wording.label(condition.series)}: measured in {known.size} of {windows.size} windows only"
        else:
            value = _take(condition, known, context)
    return _bounded(condition, context, value, missing, [condition.series])


def _take(condition: OverTime, known: NDArray[np.float64], context: Context) -> float:
    if condition.than:
        above = known > context.threshold(condition.than)
        return float(above.sum() if condition.take == "windows_above" else above.mean())
    return float(_STATISTICS[condition.take](known))


def _bounded(
    condition: Compare | OverTime, context: Context, value: float | None, missing: str, names: list[str]
) -> Result:
    kind, threshold = wording.comparison(condition, context.values)
    unit = wording.unit_of(condition)
    about = context.about(names)
    sentence = about + wording.sentence(condition, context.values)
    if value is None:
        return unknown(sentence, threshold, unit, missing)
    holds = {
        "above": value > threshold,
        "at_least": value >= threshold,
        "below": value < threshold,
        "at_most": value <= threshold,
    }[kind]
    relation = f"{wording.verb(condition)} {(wording.HOLDS if holds else wording.FAILS)[kind]}"
    measured, limit = wording.quantity(value, unit), wording.quantity(threshold, unit)
    says = f"{about}{wording.subject(condition, context.values)} ({measured}) {relation} {limit}"
    evidence = Evidence(condition=sentence, holds=holds, measured=value, threshold=threshold, unit=unit)
    return Result(holds, (evidence,), (says,))
