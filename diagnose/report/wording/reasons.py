"""Why a rule came to its outcome: each condition that decided it, with what was measured (pure)."""

from __future__ import annotations

from collections.abc import Callable

from diagnose import units
from diagnose.analysis.statistics import ModeFailure, OnOff, Together, TwoModes
from diagnose.report.wording.conditions import FAILS, HOLDS, label, quantity, subject, verb
from diagnose.report.wording.evidence import Values, about, all_missing, windows_on_or_off
from diagnose.report.wording.writer import Writer
from diagnose.rules.conditions import Bounded, MovesTogether, OnOffIn, TwoModesIn
from diagnose.rules.evaluate.checked import (
    Checked,
    FewWindowsOnOrOff,
    NeverChanged,
    NoBursts,
    NoNeighbours,
    OneMode,
)
from diagnose.rules.evaluate.judgement import Judgement
from diagnose.rules.units import fact_unit

_MODE_FAILURES: dict[ModeFailure, str] = {
    "one-population": "one population describes the latencies as well",
    "overlap": "the modes overlap",
    "small-minor-mode": "the minor mode is too small",
    "no-gap": "no gap",
}


def reasons(judgement: Judgement, writer: Writer, shown: int | None = None) -> str:
    """Return why the rule fires, or does not, or (unknown) what is missing; `shown`: the first so many reasons."""
    if judgement.fires is None:
        return all_missing(judgement.reasons, writer)
    return "; ".join(says(checked, judgement.loaded.values, writer) for checked in judgement.reasons[:shown])


def says(checked: Checked, values: Values, writer: Writer) -> str:
    """Return what a condition came to that was decided: "share of file reads that were slow (1 %) is below 2 %"."""
    if isinstance(checked.missing, FewWindowsOnOrOff):
        return f"{about(checked, writer)}{windows_on_or_off(checked.missing)}"
    found = checked.measured
    return f"{about(checked, writer)}{_SAYS[type(found)](found, checked.condition, checked, values)}"


def _number(found: float, condition: Bounded, checked: Checked, values: Values) -> str:
    kind, ref = condition.bound
    relation = f"{verb(condition)} {(HOLDS if checked.met else FAILS)[kind]}"
    said, limit = (quantity(value, checked.unit or "") for value in (found, values[ref[1:]]))
    return f"{subject(condition, values)} ({said}) {relation} {limit}"


def _two_modes(found: TwoModes, condition: TwoModesIn, *_: object) -> str:
    return (
        f"{label(condition.two_modes)} has two modes, {units.percent(found.slow.weight)} of the reads at a median of "
        f"{units.duration_ns(found.slow.latency_ns)} and the others at {units.duration_ns(found.fast.latency_ns)}"
    )


def _one_mode(found: OneMode, condition: TwoModesIn, *_: object) -> str:
    return f"{label(condition.two_modes)} has one mode ({_MODE_FAILURES[found.failure]})"


def _together(found: Together, condition: MovesTogether, _: Checked, values: Values) -> str:
    pair = condition.moves_together
    least, most = values[condition.correlation_at_least[1:]], values[condition.p_at_most[1:]]
    return (
        f"{label(pair.effect)} and {label(pair.cause)}: rank correlation of differences "
        f"{units.number(found.correlation)} at a lag of {units.counted(found.lag, 'windows')}, chance "
        f"{units.percent(found.p_value)} (needed: at least {units.number(least)}, at most {units.percent(most)})"
    )


def _never_changed(found: NeverChanged, *_: object) -> str:
    return f"{label(found.series)} changed in no window, or always alike"


def _on_off(found: OnOff, condition: OnOffIn, *_: object) -> str:
    pair = condition.on_off
    unit = fact_unit(pair.effect)
    return (
        f"{label(pair.effect)}: {units.quantity(found.active_mean, unit)} a window while "
        f"{label(pair.activity)} are on, {units.quantity(found.idle_mean, unit)} while they are off "
        f"(Cliff's delta {units.number(found.delta)}, {_cycles(found.cycles)})"
    )


def _cycles(cycles: int) -> str:
    """Return what the number of cycles allows one to conclude."""
    if cycles >= 2:
        return f"{cycles} cycles of activity"
    return "one onset is one observation" if cycles == 1 else "active from the start: no onset was seen"


def _no_bursts(_: NoBursts, condition: OnOffIn, *__: object) -> str:
    return f"{label(condition.on_off.activity)} do not come in bursts"


def _no_neighbours(*_: object) -> str:
    return "there is no neighbour to blame"


_SAYS: dict[type, Callable[..., str]] = {
    float: _number,
    NoNeighbours: _no_neighbours,
    TwoModes: _two_modes,
    OneMode: _one_mode,
    Together: _together,
    NeverChanged: _never_changed,
    OnOff: _on_off,
    NoBursts: _no_bursts,
}
