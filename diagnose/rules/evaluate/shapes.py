"""The shape of a histogram, and series against each other (pure)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diagnose import units
from diagnose.analysis.statistics import Together, TwoModes, holm, moves_together, on_off, two_modes
from diagnose.analysis.statistics.onoff import MIN_WINDOWS, parted
from diagnose.analysis.statistics.together import MIN_PAIRS
from diagnose.report.model import Evidence
from diagnose.rules import wording
from diagnose.rules.conditions import ActivityAndEffect, MovesTogether, OnOffIn, TwoModesIn
from diagnose.rules.evaluate.comparisons import compare
from diagnose.rules.evaluate.result import Context, Result, unknown

TOO_LITTLE = "too little data"
"""Why a condition does not hold that more windows might have met."""


def judge_two_modes(condition: TwoModesIn, context: Context) -> Result:
    sentence = wording.sentence(condition, context.values)
    threshold = _demanded(condition, context)
    counts = context.facts.histogram(condition.two_modes)
    what = wording.label(condition.two_modes)
    if counts is None:
        return unknown(sentence, threshold, "ratio", context.facts.missing_reason(condition.two_modes))
    test = two_modes(counts)
    if test.found is None:
        return unknown(sentence, threshold, "ratio", f"{what}: {test.why}")
    split = next((s for s in test.splits if _qualifies(s, condition, context)), test.best)
    if split is None:
        evidence = Evidence(condition=sentence, holds=False, measured="one mode", threshold=threshold, unit="ratio")
        return Result(False, (evidence,), (f"{what} has one mode ({test.why})",))
    holds = _qualifies(split, condition, context)
    says = (
        f"{what} has two modes, {units.percent(split.slow.weight)} of the reads at a median of "
        f"{units.duration_ns(split.slow.latency_ns)} and the others at {units.duration_ns(split.fast.latency_ns)}"
    )
    measured: float | str = split.slow.weight
    if condition.slow_latency_at_least:  # two demands on one mode: a share alone would not say which one fails
        measured = f"{units.percent(split.slow.weight)} at a median of {units.duration_ns(split.slow.latency_ns)}"
    evidence = Evidence(condition=sentence, holds=holds, measured=measured, threshold=threshold, unit="ratio")
    return Result(holds, (evidence,), (says,))


def _demanded(condition: TwoModesIn, context: Context) -> float | str:
    """Return the least share of the slow mode, and the least latency where one is demanded too."""
    weight = context.threshold(condition.slow_weight_at_least)
    if condition.slow_latency_at_least is None:
        return weight
    latency = context.threshold(condition.slow_latency_at_least)
    return f"{units.percent(weight)} at {units.duration(latency)} or more"


def _qualifies(split: TwoModes, condition: TwoModesIn, context: Context) -> bool:
    demands = (
        (condition.slow_weight_at_least, split.slow.weight),
        (condition.times_slower_at_least, split.times_slower),
        (condition.slow_latency_at_least, split.slow.latency_ns / 1e9),
    )
    return all(ref is None or value >= context.threshold(ref) for ref, value in demands)


def judge_together(condition: MovesTogether, context: Context) -> Result:
    pair = condition.moves_together
    about = context.about([pair.cause, pair.effect])
    sentence = about + wording.sentence(condition, context.values)
    least = context.threshold(condition.correlation_at_least)
    most = context.threshold(condition.p_at_most)
    series, missing = _pair(context, pair.cause, pair.effect, MIN_PAIRS)
    if missing:
        return unknown(sentence, least, None, about + missing)
    if condition.among is not None:
        screened = compare(condition.among, context)
        if screened.truth is not True:
            return screened
    found = _family(condition, context).get(_bound(condition, context))
    if found is None:
        flat = next(
            (name for name, values in series.items() if np.ptp(np.diff(values[np.isfinite(values)])) == 0), None
        )
        if flat is None:
            return unknown(sentence, least, None, f"{about}too many windows are missing for a correlation")
        evidence = Evidence(condition=sentence, holds=False, measured="no change", threshold=least, unit=None)
        return Result(False, (evidence,), (f"{about}{wording.label(flat)} changed in no window, or always alike",))
    holds = found.correlation >= least and found.p_value <= most
    says = (
        f"{about}{wording.label(pair.effect)} and {wording.label(pair.cause)}: rank correlation of differences "
        f"{units.number(found.correlation)} at a lag of {units.counted(found.lag, 'windows')}, chance "
        f"{units.percent(found.p_value)} (needed: at least {units.number(least)}, at most {units.percent(most)})"
    )
    measured = found.correlation
    evidence = Evidence(condition=sentence, holds=holds, measured=measured, threshold=least, unit=None)
    return Result(holds, (evidence,), (says,))


def _bound(condition: MovesTogether, context: Context) -> str | None:
    pair = condition.moves_together
    return context.whose(pair.cause) or context.whose(pair.effect)


def _family(condition: MovesTogether, context: Context) -> dict[str | None, Together]:
    """Return the comparison for every neighbour that was screened in, p-values corrected by Holm over all of them."""
    # Conditions outlive the evaluation of their rule, so their identity is a key.
    if id(condition) in context.families:
        return context.families[id(condition)]
    pair = condition.moves_together
    members = context.facts.neighbours if _bound(condition, context) else [None]
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


def _pair(context: Context, one: str, other: str, windows: int) -> tuple[dict[str, NDArray[np.float64]], str]:
    """Return two series by name, or why they cannot be compared: not measured, or in fewer windows than needed."""
    found: dict[str, NDArray[np.float64]] = {}
    for name in (one, other):
        values = context.facts.series(name, context.whose(name))
        if values is None:
            return {}, context.facts.missing_reason(name)
        found[name] = values
    known = int(np.sum(np.isfinite(found[one]) & np.isfinite(found[other])))
    if known <= windows:
        what = f"{wording.label(one)} and {wording.label(other)}"
        return {}, f"{TOO_LITTLE}, {what} are known together in {known} windows, more than {windows} are needed"
    return found, ""


def judge_on_off(condition: OnOffIn, context: Context) -> Result:
    pair = condition.on_off
    about = context.about([pair.activity, pair.effect])
    sentence = about + wording.sentence(condition, context.values)
    least = context.threshold(condition.delta_at_least)
    series, missing = _pair(context, pair.activity, pair.effect, 2 * MIN_WINDOWS)
    if missing:
        return unknown(sentence, least, None, about + missing)
    found = on_off(series[pair.activity], series[pair.effect])
    if found is None:
        return _no_comparison(sentence, about, pair, least, parted(series[pair.activity], series[pair.effect]))
    cycles = context.threshold(condition.cycles_at_least)
    holds = found.cycles >= cycles and found.delta >= least
    unit = wording.fact_unit(pair.effect)
    says = (
        f"{about}{wording.label(pair.effect)}: {units.quantity(found.active_mean, unit)} a window while "
        f"{wording.label(pair.activity)} are on, {units.quantity(found.idle_mean, unit)} while they are off "
        f"(Cliff's delta {units.number(found.delta)}, {found.note})"
    )
    measured: float | str = found.delta
    too_few = found.cycles < cycles
    if too_few:  # two demands: the delta alone would not say which one fails
        measured = f"{units.number(found.delta)} over {units.counted(found.cycles, 'cycles')}, fewer than {cycles:g}"
    if found.delta < 0:  # the wrong sign is more than a value below the threshold
        measured = measured if too_few else units.number(found.delta)
        measured = f"{measured}; below 0: {wording.label(pair.effect)} were lower in the bursts than outside them"
    evidence = Evidence(
        condition=sentence, holds=holds, measured=measured, threshold=least, unit=None,
        missing=TOO_LITTLE if too_few else None,
    )  # fmt: skip
    return Result(holds, (evidence,), (says,))


def _no_comparison(
    sentence: str, about: str, pair: ActivityAndEffect, least: float, windows: tuple[int, int] | None
) -> Result:
    """Return why nothing was compared: no bursts, or too few windows in them or outside them."""
    if windows is None:
        evidence = Evidence(condition=sentence, holds=False, measured="no bursts", threshold=least, unit=None)
        return Result(False, (evidence,), (f"{about}{wording.label(pair.activity)} do not come in bursts",))
    on, off = windows
    few = f"{units.counted(on, 'windows')} in bursts and {units.counted(off, 'windows')} outside them, "
    measured = f"{few}at least {MIN_WINDOWS} of each are needed"
    evidence = Evidence(
        condition=sentence, holds=False, measured=measured, threshold=least, unit=None, missing=TOO_LITTLE
    )
    return Result(False, (evidence,), (f"{about}{measured}",))
