"""A condition that was judged, as a row of evidence: what it asks, what was measured, what is missing (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diagnose import units
from diagnose.analysis.facts import Missing
from diagnose.analysis.statistics import OnOff, Together, TwoModes
from diagnose.report.model import Evidence
from diagnose.report.wording.conditions import label, sentence
from diagnose.report.wording.facts import missing_words
from diagnose.report.wording.writer import Writer
from diagnose.rules.conditions import MovesTogether, OnOffIn, TwoModesIn
from diagnose.rules.evaluate.checked import (
    Checked,
    DividedByZero,
    FewCommonWindows,
    FewCycles,
    FewKnownWindows,
    FewSamples,
    FewWindowsOnOrOff,
    ManyGaps,
    NeverChanged,
    NoBursts,
    NoNeighbours,
    OneMode,
)

Values = Mapping[str, float]
"""The parameters of the rule at hand, by name."""

TOO_LITTLE = "too little data"
_GROUPS = {"any": "one of these is enough: ", "all": "all of these together: ", "not": "not: "}


def evidence(checked: Checked, values: Values, writer: Writer) -> Evidence:
    """Return the row; its sentence says which mechanism of the rule asks, if one does."""
    asked = condition(checked, values, writer)
    return Evidence(
        condition=f"mechanism {checked.mechanism}: {asked}" if checked.mechanism else asked,
        holds=checked.holds,
        measured=measured(checked),
        threshold=_threshold(checked, values),
        unit=checked.unit,
        missing=_missing(checked, writer),
        mechanism=checked.mechanism,
        outcome=checked.outcome,
    )


def condition(checked: Checked, values: Values, writer: Writer, alternative: bool = True) -> str:
    """Return what is asked; without `alternative`, not that one of several is enough."""
    groups = checked.within[1:] if checked.within[:1] == ("any",) and not alternative else checked.within
    marks = "".join(_GROUPS[group] for group in groups)
    return f"{marks}{about(checked, writer)}{sentence(checked.condition, values)}"


def about(checked: Checked, writer: Writer) -> str:
    """Return "/batch: " where a sentence speaks of a neighbour."""
    return f"{writer.cgroup(checked.neighbour)}: " if checked.neighbour else ""


def came_to(checked: Checked, values: Values, writer: Writer) -> str:
    """Return why a condition does not hold: "failed: 0.1 measured, 0.35 is the threshold", or what is missing."""
    if isinstance(checked.missing, FewCommonWindows):
        return lacking(checked.missing)
    if checked.outcome == TOO_LITTLE:
        return f"{TOO_LITTLE}: {measured(checked)}"
    if checked.holds is None:
        return f"unknown: {_missing(checked, writer)}"
    if checked.threshold is None:
        return "failed"
    found, limit = (units.quantity(v, checked.unit) for v in (measured(checked), _threshold(checked, values)))
    return f"failed: {found} measured, {limit} is the threshold"


# ---------------------------------------------------------------- what was measured


def measured(checked: Checked) -> float | str | None:
    """Return the number that is compared with the threshold, or in words what says more; None: not measured."""
    if isinstance(checked.missing, FewWindowsOnOrOff):
        return windows_on_or_off(checked.missing)
    return _MEASURED[type(checked.measured)](checked.measured, checked)


def windows_on_or_off(few: FewWindowsOnOrOff) -> str:
    on, off = units.counted(few.on, "windows"), units.counted(few.off, "windows")
    return f"{on} in bursts and {off} outside them, at least {few.needed} of each are needed"


def _two_modes(split: TwoModes, checked: Checked) -> float | str:
    if isinstance(checked.condition, TwoModesIn) and checked.condition.slow_latency_at_least:
        # Two demands on one mode: a share alone would not say which one fails.
        return f"{units.percent(split.slow.weight)} at a median of {units.duration_ns(split.slow.latency_ns)}"
    return split.slow.weight


def _together(found: Together, checked: Checked) -> float | str:
    if checked.met is False and checked.threshold is not None and found.correlation >= checked.threshold:
        # Two demands: the correlation is enough, and it may well be chance.
        return f"{units.number(found.correlation)}, chance {units.percent(found.p_value)}"
    return found.correlation


def _on_off(found: OnOff, checked: Checked) -> float | str:
    said = units.number(found.delta)
    if isinstance(checked.missing, FewCycles):
        # Two demands: the delta alone would not say which one fails.
        said = f"{said} over {units.counted(found.cycles, 'cycles')}, fewer than {checked.missing.needed:g}"
    if found.delta < 0 and isinstance(checked.condition, OnOffIn):
        # The wrong sign is more than a value below the threshold.
        effect = label(checked.condition.on_off.effect)
        return f"{said}; below 0: {effect} were lower in the bursts than outside them"
    return said if checked.missing else found.delta


_MEASURED: dict[type, Callable[[Any, Checked], float | str | None]] = {
    type(None): lambda *_: None,
    float: lambda value, _: value,
    NoNeighbours: lambda *_: "none",
    TwoModes: _two_modes,
    OneMode: lambda *_: "one mode",
    Together: _together,
    NeverChanged: lambda *_: "no change",
    OnOff: _on_off,
    NoBursts: lambda *_: "no bursts",
}


def _threshold(checked: Checked, values: Values) -> float | str | None:
    """Return the threshold; of a slow mode the least latency, too, where one is demanded."""
    asked = checked.condition
    if isinstance(asked, TwoModesIn) and asked.slow_latency_at_least and checked.threshold is not None:
        latency = values[asked.slow_latency_at_least[1:]]
        return f"{units.percent(checked.threshold)} at {units.duration(latency)} or more"
    return checked.threshold


# ---------------------------------------------------------------- what is missing


def _missing(checked: Checked, writer: Writer) -> str | None:
    if checked.missing is None or checked.met is not None:
        return TOO_LITTLE if checked.missing else None
    return f"{_whose(checked, writer)}{lacking(checked.missing)}"


def all_missing(checked: Iterable[Checked], writer: Writer) -> str:
    """Return what is missing for several conditions, each once: "probe reads: EPERM; probe block: EPERM"."""
    each = {(_asked_of(c), lacking(c.missing)): c for c in checked if c.missing is not None}
    return "; ".join(f"{_whose(c, writer)}{words}" for (_, words), c in each.items())


def _whose(checked: Checked, writer: Writer) -> str:
    return about(checked, writer) if _asked_of(checked) else ""


def _asked_of(checked: Checked) -> str | None:
    """Return the neighbour that what is missing is said of: two series are compared for each neighbour by itself."""
    return checked.neighbour if isinstance(checked.condition, MovesTogether | OnOffIn) else None


def lacking(missing: Any) -> str:
    """Return why a condition has no answer, as a clause without a full stop."""
    return _LACKING[type(missing)](missing)


def _few_known_windows(few: FewKnownWindows) -> str:
    return f"{label(few.series)}: measured in {few.known} of {few.windows} windows only"


def _few_common_windows(few: FewCommonWindows) -> str:
    what = f"{label(few.one)} and {label(few.other)}"
    return f"{TOO_LITTLE}, {what} are known together in {few.known} windows, more than {few.needed} are needed"


def _few_samples(few: FewSamples) -> str:
    return f"{label(few.histogram)}: {few.samples} samples, {few.needed} are needed"


_LACKING: dict[type, Callable[[Any], str]] = {
    Missing: missing_words,
    DividedByZero: lambda zero: f"{label(zero.fact)}: 0, so nothing can be divided by it",
    FewKnownWindows: _few_known_windows,
    FewSamples: _few_samples,
    ManyGaps: lambda _: "too many windows are missing for a correlation",
    FewCommonWindows: _few_common_windows,
}
