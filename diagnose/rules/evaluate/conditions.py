"""Conditions against facts: true, false or unknown, with what was measured for it (pure).

Every kind of condition has one function; groups, which are here, combine what their parts came to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from diagnose.analysis.facts import FACTS
from diagnose.rules.check_conditions import is_neighbours
from diagnose.rules.conditions import (
    All,
    AnyOf,
    Compare,
    Condition,
    ForEach,
    MovesTogether,
    Not,
    OnOffIn,
    OverTime,
    Part,
    TwoModesIn,
    facts_of,
)
from diagnose.rules.evaluate.checked import Checked, Group, NoNeighbours
from diagnose.rules.evaluate.comparisons import compare, over_time
from diagnose.rules.evaluate.result import Context, Result
from diagnose.rules.evaluate.shapes import judge_on_off, judge_together, judge_two_modes
from diagnose.rules.evaluate.source import Truth, all_of, any_of, not_

SHOWN_NEIGHBOURS = 5


def evaluate_condition(condition: Condition, context: Context) -> Result:
    """Evaluate a condition and everything within it."""
    return _KINDS[type(condition)](condition, context)


# ---------------------------------------------------------------- groups


def _all(condition: All | ForEach, context: Context) -> Result:
    return _group([evaluate_condition(c, context) for c in condition.all], all_of)


def _any(condition: AnyOf, context: Context) -> Result:
    group = _group([_alternative(c, context) for c in condition.any], any_of)
    return group if len(condition.any) == 1 else _within("any", group)


def _alternative(condition: Condition, context: Context) -> Result:
    found = evaluate_condition(condition, context)
    return _within("all", found) if isinstance(condition, All) and len(condition.all) > 1 else found


def _group(parts: list[Result], combine: Callable[[list[Truth]], Truth]) -> Result:
    truth = combine([p.truth for p in parts])
    # The parts that share the outcome are the reason for it.
    reasons = [p for p in parts if p.truth is truth]
    return Result(
        truth,
        tuple(c for p in parts for c in p.checked),
        tuple(c for p in reasons for c in p.reasons),
        tuple(n for p in parts for n in p.bound),
    )


def _not(condition: Not, context: Context) -> Result:
    inner = _within("not", evaluate_condition(condition.not_, context))
    return replace(inner, truth=not_(inner.truth), bound=())


def _within(group: Group, result: Result) -> Result:
    """Return a result with the group noted on all that was checked in it."""

    def noted(checked: tuple[Checked, ...]) -> tuple[Checked, ...]:
        return tuple(replace(c, within=(group, *c.within)) for c in checked)

    return replace(result, checked=noted(result.checked), reasons=noted(result.reasons))


def _for_each(condition: ForEach, context: Context) -> Result:
    names = list(context.facts.neighbours)
    if not names:
        return _nobody(condition, context)
    results = {name: _all(condition, context.of(name)) for name in names}
    truth = any_of([r.truth for r in results.values()])
    bound = tuple(name for name, r in results.items() if r.truth)
    relevant = [r for r in results.values() if r.truth is truth]
    # Of the neighbours that do not qualify, the one that came nearest stands for the others.
    relevant.sort(key=lambda r: -sum(c.holds is True for c in r.checked))
    shown = relevant[:SHOWN_NEIGHBOURS] if truth else relevant[:1]
    # Whatever is missing of any of them is missing.
    explain = relevant if truth is None else shown
    return Result(
        truth, tuple(c for r in shown for c in r.checked), tuple(c for r in explain for c in r.reasons), bound
    )


def _nobody(condition: ForEach, context: Context) -> Result:
    """Without candidates nobody qualifies, unless the probes that would have seen candidates measured nothing."""
    for name in facts_of(condition):
        if is_neighbours(name) and not _measured(FACTS[name].probe, context):
            return Result.of(Checked(condition, None, None, None, None, None, context.facts.missing(name)))
    return Result.of(Checked(condition, None, False, NoNeighbours(), None, None))


def _measured(probe: str, context: Context) -> bool:
    """Say whether a probe measured anything of the service or the host."""
    summed = ("number", "series")
    names = (n for n, s in FACTS.items() if s.probe == probe and s.scope != "neighbour" and s.kind in summed)
    return any(context.facts.number(name) is not None for name in names)


_KINDS: dict[type[Part], Callable[[Any, Context], Result]] = {
    All: _all,
    AnyOf: _any,
    Not: _not,
    ForEach: _for_each,
    Compare: compare,
    OverTime: over_time,
    TwoModesIn: judge_two_modes,
    MovesTogether: judge_together,
    OnOffIn: judge_on_off,
}
