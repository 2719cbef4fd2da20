"""What a rule's conditions ask, as sentences: "share of file reads that were slow is at least 0.2 %" (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from diagnose import units
from diagnose.analysis import facts
from diagnose.rules.conditions import (
    AnyOf,
    Bounded,
    Compare,
    Condition,
    ForEach,
    MovesTogether,
    Not,
    OnOffIn,
    OverTime,
    Part,
    TwoModesIn,
    children,
)
from diagnose.rules.units import fact_unit, unit_of

HOLDS = {"above": "above", "at_least": "at least", "below": "below", "at_most": "at most"}
FAILS = {"above": "not above", "at_least": "below", "below": "not below", "at_most": "above"}

_FIRST_CLAUSE = r" (?:of|that|which|in|by|on|to|it|from|with|whose|over|because|within|read|per) "
_TAKES = {
    "total": "total of {}",
    "mean": "mean of {}",
    "median": "median of {}",
    "min": "lowest {}",
    "max": "highest {}",
    "windows_above": "windows in which {} is above {}",
    "share_of_windows_above": "share of windows in which {} is above {}",
}


def label(name: str) -> str:
    """Return what a fact is in a few words: the first clause of its help, or its name if it is unknown here."""
    spec = facts.FACTS.get(name)
    return re.split(r" \(|: |; ", spec.help)[0].strip() if spec else name


def quantity(value: float, unit: str) -> str:
    """Return a value in its unit; of correlations and the like the number says all there is."""
    if unit in ("correlation", "delta", "times"):
        return units.number(value)
    return units.quantity(value, "ratio" if unit == "probability" else unit)


def verb(condition: Bounded) -> str:
    """Return "are" where what is compared is named in the plural ("slow reads"), else "is" ("share of file reads")."""
    if not isinstance(condition, Compare) or condition.per or unit_of(condition) == "ratio":
        return "is"
    what = re.split(_FIRST_CLAUSE, label(condition.fact))[0].split()
    return "are" if what and (what[0] == "times" or (what[-1].endswith("s") and not what[-1].endswith("'s"))) else "is"


def subject(condition: Bounded, values: Mapping[str, float]) -> str:
    """Return what a comparison is about: "share of file reads that were slow"."""
    if isinstance(condition, OverTime):
        than = quantity(values[condition.than[1:]], fact_unit(condition.series)) if condition.than else ""
        return _TAKES[condition.take].format(label(condition.series), than)
    if isinstance(condition, Compare):
        return label(condition.fact) + (f", divided by {label(condition.per)}" if condition.per else "")
    raise TypeError(type(condition))


def sentence(condition: Condition, values: Mapping[str, float]) -> str:
    """Return a condition that is no group as a sentence; `values`: the parameters of its rule."""
    return _SENTENCES[type(condition)](condition, values)


def _comparison(condition: Compare | OverTime, values: Mapping[str, float]) -> str:
    kind, ref = condition.bound
    limit = quantity(values[ref[1:]], unit_of(condition))
    return f"{subject(condition, values)} {verb(condition)} {HOLDS[kind]} {limit}"


def _two_modes(c: TwoModesIn, values: Mapping[str, float]) -> str:
    weight = _threshold(c.slow_weight_at_least, "ratio", values)
    text = f"{label(c.two_modes)} has two modes, the slow one of at least {weight}"
    if c.times_slower_at_least:
        text += f", at least {_threshold(c.times_slower_at_least, 'times', values)} slower"
    if c.slow_latency_at_least:
        text += f", at {_threshold(c.slow_latency_at_least, 's', values)} or more"
    return text


def _together(c: MovesTogether, values: Mapping[str, float]) -> str:
    pair = c.moves_together
    least = _threshold(c.correlation_at_least, "correlation", values)
    chance = _threshold(c.p_at_most, "probability", values)
    return (
        f"{label(pair.effect)} follow {label(pair.cause)} within a few windows (rank correlation of differences at "
        f"least {least}, corrected chance at most {chance})"
    )


def _on_off(c: OnOffIn, values: Mapping[str, float]) -> str:
    pair = c.on_off
    delta, cycles = _threshold(c.delta_at_least, "delta", values), _threshold(c.cycles_at_least, "cycles", values)
    return (
        f"{label(pair.effect)} are higher in bursts of {label(pair.activity)} (Cliff's delta at least {delta} over at "
        f"least {cycles})"
    )


def _anybody(_: ForEach, __: Mapping[str, float]) -> str:
    return "there is a neighbour"


def _threshold(ref: str, unit: str, values: Mapping[str, float]) -> str:
    return quantity(values[ref[1:]], unit)


_SENTENCES: dict[type[Part], Callable[..., str]] = {
    Compare: _comparison,
    OverTime: _comparison,
    TwoModesIn: _two_modes,
    MovesTogether: _together,
    OnOffIn: _on_off,
    ForEach: _anybody,
}


def outline(condition: Condition, values: Mapping[str, float], depth: int = 0) -> list[str]:
    """Return a condition as a nested Markdown list, one line an entry."""
    indent = "  " * depth
    parts = children(condition)
    if not parts:
        return [f"{indent}- {sentence(condition, values)}"]
    if isinstance(condition, Not):
        head = "not:"
    elif isinstance(condition, ForEach):
        head = "for at least one neighbour (those for which it holds are the culprits) all of:"
    else:
        head = "any of:" if isinstance(condition, AnyOf) else "all of:"
    return [f"{indent}- {head}", *(line for part in parts for line in outline(part, values, depth + 1))]
