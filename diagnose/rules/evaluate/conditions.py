"""Conditions against facts: true, false or unknown, with the evidence for it (pure).

Every kind of condition has one function; groups, which are here, combine what their parts returned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from diagnose.analysis.facts import FACTS
from diagnose.report.model import Evidence
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
from diagnose.rules.evaluate.comparisons import compare, over_time
from diagnose.rules.evaluate.result import Context, Result, unknown
from diagnose.rules.evaluate.shapes import judge_on_off, judge_together, judge_two_modes
from diagnose.rules.evaluate.source import Truth, all_of, any_of, not_

SHOWN_NEIGHBOURS = 5
ENOUGH = "one of these is enough: "
"""Before each condition of an `any`: one that fails is no objection."""


def evaluate_condition(condition: Condition, context: Context) -> Result:
    """Evaluate a condition and everything within it."""
    return _KINDS[type(condition)](condition, context)


# ---------------------------------------------------------------- groups


def _all(condition: All | ForEach, context: Context) -> Result:
    return _group([evaluate_condition(c, context) for c in condition.all], all_of)


def _any(condition: AnyOf, context: Context) -> Result:
    group = _group([evaluate_condition(c, context) for c in condition.any], any_of)
    if len(condition.any) == 1:
        return group
    enough = tuple(e.model_copy(update={"condition": f"{ENOUGH}{e.condition}"}) for e in group.evidence)
    return replace(group, evidence=enough)


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
        return _nobody(condition, context)
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


def _nobody(condition: ForEach, context: Context) -> Result:
    """Without candidates nobody qualifies, unless the probes that would have seen candidates measured nothing."""
    sentence = "there is a neighbour"
    for name in facts_of(condition):
        if is_neighbours(name) and not _measured(FACTS[name].probe, context):
            return unknown(sentence, None, None, context.facts.missing_reason(name))
    evidence = Evidence(condition=sentence, holds=False, measured="none", threshold=None, unit=None)
    return Result(False, (evidence,), ("there is no neighbour to blame",))


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
