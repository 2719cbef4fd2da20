"""The shape of a histogram, and series against each other (pure)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.statistics import MIN_SAMPLES, Together, TwoModes, holm, moves_together, on_off, two_modes
from diagnose.analysis.statistics.onoff import MIN_WINDOWS, parted
from diagnose.analysis.statistics.together import MIN_PAIRS
from diagnose.rules.conditions import MovesTogether, OnOffIn, TwoModesIn
from diagnose.rules.evaluate.checked import (
    Checked,
    FewCommonWindows,
    FewCycles,
    FewSamples,
    FewWindowsOnOrOff,
    Lacking,
    ManyGaps,
    Measured,
    NeverChanged,
    NoBursts,
    OneMode,
)
from diagnose.rules.evaluate.comparisons import compare
from diagnose.rules.evaluate.result import Context, Result
from diagnose.rules.evaluate.source import Truth

Pair = dict[str, NDArray[np.float64]]
"""Two series by name, each of shape (windows,)."""


# ---------------------------------------------------------------- two modes


def judge_two_modes(condition: TwoModesIn, context: Context) -> Result:
    name = condition.two_modes
    least = context.threshold(condition.slow_weight_at_least)

    def came_to(met: Truth, measured: Measured | None, lacking: Lacking | None = None) -> Result:
        return Result.of(Checked(condition, None, met, measured, least, "ratio", lacking))

    counts = context.facts.histogram(name)
    if counts is None:
        return came_to(None, None, context.facts.missing(name))
    test = two_modes(counts)
    if test.found is None:
        return came_to(None, None, FewSamples(name, test.samples, MIN_SAMPLES))
    split = next((s for s in test.splits if _qualifies(s, condition, context)), test.best)
    if split is None:
        return came_to(False, OneMode(test.failure or "one-population"))
    return came_to(_qualifies(split, condition, context), split)


def _qualifies(split: TwoModes, condition: TwoModesIn, context: Context) -> bool:
    demands = (
        (condition.slow_weight_at_least, split.slow.weight),
        (condition.times_slower_at_least, split.times_slower),
        (condition.slow_latency_at_least, split.slow.latency_ns / 1e9),
    )
    return all(ref is None or value >= context.threshold(ref) for ref, value in demands)


# ---------------------------------------------------------------- moving together


def judge_together(condition: MovesTogether, context: Context) -> Result:
    pair = condition.moves_together
    neighbour = context.asked(pair.cause, pair.effect)
    least = context.threshold(condition.correlation_at_least)

    def came_to(met: Truth, measured: Measured | None, lacking: Lacking | None = None) -> Result:
        return Result.of(Checked(condition, neighbour, met, measured, least, None, lacking))

    series, lacking = _pair(context, pair.cause, pair.effect, MIN_PAIRS)
    if lacking:
        return came_to(None, None, lacking)
    if condition.among is not None:
        screened = compare(condition.among, context)
        if screened.truth is not True:
            return screened
    found = _family(condition, context).get(neighbour)
    if found is None:
        flat = _never_changed(series)
        return came_to(None, None, ManyGaps()) if flat is None else came_to(False, flat)
    most = context.threshold(condition.p_at_most)
    return came_to(found.correlation >= least and found.p_value <= most, found)


def _never_changed(series: Pair) -> NeverChanged | None:
    flat = (name for name, values in series.items() if np.ptp(np.diff(values[np.isfinite(values)])) == 0)
    name = next(flat, None)
    return None if name is None else NeverChanged(name)


def _family(condition: MovesTogether, context: Context) -> dict[str | None, Together]:
    """Return the comparison for every neighbour that was screened in, p-values corrected by Holm over all of them."""
    # Conditions outlive the evaluation of their rule, so their identity is a key.
    if id(condition) in context.families:
        return context.families[id(condition)]
    pair = condition.moves_together
    members = context.facts.neighbours if context.asked(pair.cause, pair.effect) else [None]
    found: dict[str | None, Together] = {}
    for member in members:
        within = context.of(member)
        cause = context.facts.series(pair.cause, within.whose(pair.cause))
        effect = context.facts.series(pair.effect, within.whose(pair.effect))
        if cause is None or effect is None:
            continue
        if condition.among is not None and compare(condition.among, within).truth is not True:
            continue
        if (result := moves_together(cause, effect)) is not None:
            found[member] = result
    corrected = holm([r.p_value for r in found.values()])
    family = {
        member: Together(r.correlation, r.lag, float(p), r.pairs)
        for (member, r), p in zip(found.items(), corrected, strict=True)
    }
    context.families[id(condition)] = family
    return family


def _pair(context: Context, one: str, other: str, windows: int) -> tuple[Pair, Lacking | None]:
    """Return two series by name, or why they cannot be compared: not measured, or in fewer windows than needed."""
    found: Pair = {}
    for name in (one, other):
        values = context.facts.series(name, context.whose(name))
        if values is None:
            return {}, context.facts.missing(name)
        found[name] = values
    known = int(np.sum(np.isfinite(found[one]) & np.isfinite(found[other])))
    return ({}, FewCommonWindows(one, other, known, windows)) if known <= windows else (found, None)


# ---------------------------------------------------------------- on and off


def judge_on_off(condition: OnOffIn, context: Context) -> Result:
    pair = condition.on_off
    neighbour = context.asked(pair.activity, pair.effect)
    least = context.threshold(condition.delta_at_least)

    def came_to(met: Truth, measured: Measured | None, lacking: Lacking | None = None) -> Result:
        return Result.of(Checked(condition, neighbour, met, measured, least, None, lacking))

    series, lacking = _pair(context, pair.activity, pair.effect, 2 * MIN_WINDOWS)
    if lacking:
        return came_to(None, None, lacking)
    activity, effect = series[pair.activity], series[pair.effect]
    found = on_off(activity, effect)
    if found is None:
        windows = parted(activity, effect)
        if windows is None:
            return came_to(False, NoBursts())
        return came_to(False, None, FewWindowsOnOrOff(*windows, MIN_WINDOWS))
    cycles = context.threshold(condition.cycles_at_least)
    too_few = FewCycles(found.cycles, cycles) if found.cycles < cycles else None
    return came_to(too_few is None and found.delta >= least, found, too_few)
