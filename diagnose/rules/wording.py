"""Conditions and values in plain English, with units for people; and the one kind of template a rule may use (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

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

HOLDS = {"above": "above", "at_least": "at least", "below": "below", "at_most": "at most"}
FAILS = {"above": "not above", "at_least": "below", "below": "not below", "at_most": "above"}

_PLACEHOLDER = re.compile(r"\{([^{}]{0,200})\}")
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


def per_unit(unit: str, per: str) -> str:
    """Return the unit of a quotient: "ratio" for equal units, else "pages per read"; none if either has none."""
    if not unit or not per:
        return ""
    return "ratio" if unit == per else f"{unit} per {per.removesuffix('s')}"


def unit_of(condition: Bounded) -> str:
    """Return the unit of what a comparison compares; a fact that does not exist has none."""
    if isinstance(condition, OverTime):
        if condition.take == "windows_above":
            return "windows"
        return "ratio" if condition.take == "share_of_windows_above" else fact_unit(condition.series)
    if isinstance(condition, Compare):
        unit = fact_unit(condition.fact)
        return per_unit(unit, fact_unit(condition.per)) if condition.per else unit
    raise TypeError(type(condition))


def fact_unit(name: str) -> str:
    spec = facts.FACTS.get(name)
    return spec.unit if spec else ""


def subject(condition: Bounded, values: Mapping[str, float]) -> str:
    """Return what a comparison is about: "share of file reads that were slow"."""
    if isinstance(condition, OverTime):
        than = quantity(values[condition.than[1:]], fact_unit(condition.series)) if condition.than else ""
        return _TAKES[condition.take].format(label(condition.series), than)
    if isinstance(condition, Compare):
        return label(condition.fact) + (f", divided by {label(condition.per)}" if condition.per else "")
    raise TypeError(type(condition))


def comparison(condition: Bounded, values: Mapping[str, float]) -> tuple[str, float]:
    """Return the comparison ("at_least") and the value of its parameter."""
    kind, ref = condition.bound
    return kind, values[ref[1:]]


def sentence(condition: Condition, values: Mapping[str, float]) -> str:
    """Return a condition that is no group as a sentence: "share of file reads that were slow is at least 0.2 %"."""
    if isinstance(condition, Bounded):
        kind, threshold = comparison(condition, values)
        limit = quantity(threshold, unit_of(condition))
        return f"{subject(condition, values)} {verb(condition)} {HOLDS[kind]} {limit}"
    writer = _SENTENCES[type(condition)]
    return writer(condition, lambda ref, unit: quantity(values[ref[1:]], unit))


Threshold = Callable[[str, str], str]


def _two_modes(c: TwoModesIn, threshold: Threshold) -> str:
    weight = threshold(c.slow_weight_at_least, "ratio")
    text = f"{label(c.two_modes)} has two modes, the slow one of at least {weight}"
    if c.times_slower_at_least:
        text += f", at least {threshold(c.times_slower_at_least, 'times')} slower"
    if c.slow_latency_at_least:
        text += f", at {threshold(c.slow_latency_at_least, 's')} or more"
    return text


def _together(c: MovesTogether, threshold: Threshold) -> str:
    pair = c.moves_together
    least, chance = threshold(c.correlation_at_least, "correlation"), threshold(c.p_at_most, "probability")
    return (
        f"{label(pair.effect)} follow {label(pair.cause)} within a few windows (rank correlation of differences at "
        f"least {least}, corrected chance at most {chance})"
    )


def _on_off(c: OnOffIn, threshold: Threshold) -> str:
    pair = c.on_off
    return (
        f"{label(pair.effect)} are higher in bursts of {label(pair.activity)} (Cliff's delta at least "
        f"{threshold(c.delta_at_least, 'delta')} over at least {threshold(c.cycles_at_least, 'cycles')})"
    )


_SENTENCES: dict[type[Part], Callable[..., str]] = {TwoModesIn: _two_modes, MovesTogether: _together, OnOffIn: _on_off}


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


# ---------------------------------------------------------------- templates

STATISTICS = {
    "series": ("total", "mean", "median", "min", "max"),
    "histogram": ("fast_latency", "slow_latency", "slow_weight", "antimode", "times_slower", "p50", "p99"),
}
CULPRITS = ("culprit", "culprits")


def placeholders(template: str) -> list[str]:
    """Return the words in braces; raises ValueError for a brace that belongs to none."""
    if "{" in (rest := _PLACEHOLDER.sub("", template)) or "}" in rest:
        raise ValueError("a single brace; braces enclose the name of a fact or of a $parameter, and nothing else")
    return _PLACEHOLDER.findall(template)


def render(template: str, value: Callable[[str], str]) -> str:
    """Return the template as one paragraph, every {word} replaced by value(word); values are no templates."""
    return _PLACEHOLDER.sub(lambda match: value(match[1]), " ".join(template.split()))


def enumeration(names: Iterable[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    *first, last = list(names) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
