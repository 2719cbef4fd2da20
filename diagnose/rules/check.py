"""What the shape of a rule cannot say: that facts exist, units agree, and the accused can be named (pure).

`check_conditions`, `check_templates` and `check_tests` look at the parts.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.rules.check_conditions import (
    fact_problems,
    located,
    looks_at_neighbour,
    neighbour_problems,
    share_problems,
    threshold_problems,
    unused_problems,
    within,
)
from diagnose.rules.check_templates import template_problems
from diagnose.rules.check_tests import test_problems
from diagnose.rules.conditions import CORRELATIONAL, SharedCondition, walk
from diagnose.rules.document import Problem
from diagnose.rules.schema import Rule, SharedFile
from diagnose.rules.shared import Shared
from diagnose.rules.suggest import did_you_mean


def problems(rule: Rule, shared: Shared) -> list[Problem]:
    """Return every reason why a rule of the right shape must not be used, with its place in the file.

    What it shares is written out in it already.
    """
    conditions = list(located(rule))
    return [
        *fact_problems(conditions),
        *share_problems(rule),
        *neighbour_problems(rule),
        *threshold_problems(conditions, rule.parameters, shared.parameters),
        *unused_problems(rule),
        *_mechanism_problems(rule),
        *template_problems(rule),
        *test_problems(rule),
    ]


def _mechanism_problems(rule: Rule) -> Iterator[Problem]:
    if rule.explains_if is not None and rule.explains_if not in rule.mechanisms:
        name = rule.explains_if
        yield ("explains_if",), f"`{name}` is not a mechanism of this rule{did_you_mean(name, rule.mechanisms)}"
    for name, mechanism in rule.mechanisms.items():
        correlates = any(isinstance(c, CORRELATIONAL) for c in walk(mechanism.is_))
        if mechanism.kind == "direct" and correlates:
            yield ("mechanisms", name, "kind"), "moves_together and on_off are correlations; write `kind: correlation`"
    if rule.then.verdict == "finding" and not rule.mechanisms:
        yield ("mechanisms",), "missing; a finding rests on at least one named mechanism"
    elif rule.binds_neighbours and not any(map(looks_at_neighbour, rule.mechanisms.values())):
        yield ("mechanisms",), "none looks at the neighbour that the rule accuses; add one that does"


def shared_problems(file: SharedFile, shared: Shared) -> list[Problem]:
    """Return every reason why a `shared.yaml` must not be used; `shared` is what there was before, and it."""
    conditions = [
        place_and_part
        for name, condition in file.conditions.items()
        for place_and_part in within(condition, ("conditions", name))
    ]
    nested = [
        (place, "a shared condition is written out; it cannot name another one")
        for place, condition in conditions
        if isinstance(condition, SharedCondition)
    ]
    return [*nested, *fact_problems(conditions), *threshold_problems(conditions, shared.parameters)]
