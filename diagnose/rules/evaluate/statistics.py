"""The number that a rule's sentence asks for: {fact}, or {fact:statistic} (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import histogram
from diagnose.analysis.facts import FACTS
from diagnose.analysis.statistics import two_modes
from diagnose.rules.evaluate.comparisons import STATISTICS
from diagnose.rules.evaluate.result import Context


def statistic_of(name: str, statistic: str, context: Context) -> float | None:
    """Return a fact, or a statistic of it (`rules.templates.STATISTICS`; "": itself), in the fact's own unit.

    Of a histogram "slow_weight" is a ratio, and "times_slower" a factor. None: unknown.
    """
    kind = FACTS[name].kind
    if kind == "histogram":
        return _of_histogram(name, statistic, context)
    if kind == "series" and statistic and statistic != "total":
        windows = context.facts.series(name, context.whose(name))
        known = windows[np.isfinite(windows)] if windows is not None else np.array([])
        return float(STATISTICS[statistic](known)) if known.size else None
    return context.number(name)


def _of_histogram(name: str, statistic: str, context: Context) -> float | None:
    counts = context.facts.histogram(name)
    if counts is None:
        return None
    if statistic in ("p50", "p99"):
        return histogram.percentile(counts, int(statistic[1:]) / 100)
    split = two_modes(counts).best
    if split is None:
        return None
    return {
        "fast_latency": split.fast.latency_ns,
        "slow_latency": split.slow.latency_ns,
        "slow_weight": split.slow.weight,
        "antimode": split.antimode_ns,
        "times_slower": split.times_slower,
    }[statistic]
