"""Conditions against facts: true, false or unknown, with the evidence for it (pure).

Every kind of condition has one function; groups, which are here, combine what their parts returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diagnose.evaluate.comparisons import compare, over_time
from diagnose.evaluate.result import Context, Result
from diagnose.evaluate.shapes import judge_on_off, judge_together, judge_two_modes
from diagnose.evaluate.source import Truth, all_of, any_of, not_
from diagnose.models import Evidence
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
)

SHOWN_NEIGHBOURS = 5


def evaluate_condition(condition: Condition, context: Context) -> Result:
    """Evaluate a condition and everything within it."""
    return _KINDS[type(condition)](condition, context)


# ---------------------------------------------------------------- groups


def _all(condition: All | ForEach, context: Context) -> Result:
    return _group([evaluate_condition(c, context) for c in condition.all], all_of)


def _any(condition: AnyOf, context: Context) -> Result:
    return _group([evaluate_condition(c, context) for c in condition.any], any_of)


def _group(parts: list[Result], combine: Callable[[list[Truth]], Truth]) -> Result:
    truth = combine([p.truth for p in parts])
    # The parts that share the outcome are the reason for it.
    reasons = [p for p in parts if p.truth is truth]
    return Result(
        truth,
        tuple(e for p in parts for e in p.evidence),
        tuple(s for p in reasons for s in p.says),
        tuple(dict.fromkeys(m for p in reasons for m in p.missing)) if truth is None else (),
        tuple(n for p in parts for n in p.bound),
    )


def _not(condition: Not, context: Context) -> Result:
    inner = evaluate_condition(condition.not_, context)
    evidence = tuple(
        e.model_copy(update={"condition": f"not: {e.condition}", "holds": not_(e.holds)}) for e in inner.evidence
    )
    return Result(not_(inner.truth), evidence, inner.says, inner.missing)


def _for_each(condition: ForEach, context: Context) -> Result:
    names = list(context.facts.neighbours)
    if not names:
        text = "there is no neighbour to blame"
        evidence = Evidence(condition="there is a neighbour", holds=False, measured="none", threshold=None, unit=None)
        return Result(False, (evidence,), (text,))
    results = {name: _all(condition, context.of(name)) for name in names}
    truth = any_of([r.truth for r in results.values()])
    bound = tuple(name for name, r in results.items() if r.truth)
    relevant = [r for r in results.values() if r.truth is truth]
    # Of the neighbours that do not qualify, the one that came nearest stands for the others.
    relevant.sort(key=lambda r: -sum(e.holds is True for e in r.evidence))
    shown = relevant[:SHOWN_NEIGHBOURS] if truth else relevant[:1]
    return Result(
        truth,
        tuple(e for r in shown for e in r.evidence),
        tuple(s for r in shown for s in r.says),
        tuple(dict.fromkeys(m for r in relevant for m in r.missing)) if truth is None else (),
        bound,
    )


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
