"""The unit of what a condition compares; it must be the unit of the threshold (pure)."""

from __future__ import annotations

from diagnose.analysis import facts
from diagnose.rules.conditions import Bounded, Compare, OverTime


def fact_unit(name: str) -> str:
    """Return the unit of a fact; one that does not exist has none ("")."""
    spec = facts.FACTS.get(name)
    return spec.unit if spec else ""


def unit_of(condition: Bounded) -> str:
    """Return the unit of what a comparison compares; a fact that does not exist has none ("")."""
    if isinstance(condition, OverTime):
        if condition.take == "windows_above":
            return "windows"
        return "ratio" if condition.take == "share_of_windows_above" else fact_unit(condition.series)
    if isinstance(condition, Compare):
        unit = fact_unit(condition.fact)
        return per_unit(unit, fact_unit(condition.per)) if condition.per else unit
    raise TypeError(type(condition))


def per_unit(unit: str, per: str) -> str:
    """Return the unit of a quotient: "ratio" for equal units, else "pages per read"; none if either has none."""
    if not unit or not per:
        return ""
    return "ratio" if unit == per else f"{unit} per {per.removesuffix('s')}"
