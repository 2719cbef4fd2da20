"""From a document to the rule, the override or the shared parts that it holds, and all that is wrong with it (pure)."""

from __future__ import annotations

from pydantic import ValidationError

from diagnose.analysis import facts
from diagnose.rules import amounts
from diagnose.rules.check import problems, shared_problems
from diagnose.rules.document import Document, Problem
from diagnose.rules.schema import Notation, Override, Rule, RuleTest, SharedFile
from diagnose.rules.shape_faults import shape_problems
from diagnose.rules.shared import SHARED_FILE, Shared, unknown_conditions, written_out

Held = Rule | Override | SharedFile
"""What a rule file may hold."""


def interpret(document: Document, shared: Shared) -> tuple[Held | None, list[Problem]]:
    """Return what a document holds, and all problems in the order of its lines; with problems it must not be used.

    In a rule what it shares is written out.
    """
    if not isinstance(document.data, dict):
        return None, [((), "not a rule; a rule is a mapping that starts with its `id`")]
    model = _model(document)
    try:
        held = model.model_validate(document.data)
    except ValidationError as error:
        return None, _in_order(document, shape_problems(document, model, error))
    if isinstance(held, SharedFile):
        return held, _in_order(document, shared_problems(held, shared.joined(held, document.path)))
    faults = _misnamed(document, held)
    if isinstance(held, Rule):
        unknown = unknown_conditions(held, shared)
        if unknown:
            return held, _in_order(document, faults + unknown)
        held = written_out(held, shared)
        faults += problems(held, shared)
        if not faults:
            held = _in_base_units(held)
    return held, _in_order(document, faults)


def _model(document: Document) -> type[Held]:
    if "overrides" in document.data:
        return Override
    return SharedFile if document.path.name == SHARED_FILE and "id" not in document.data else Rule


def _misnamed(document: Document, held: Rule | Override) -> list[Problem]:
    name, key = (held.overrides, "overrides") if isinstance(held, Override) else (held.id, "id")
    right = document.path.name == f"{name}.yaml"
    return [] if right else [((key,), f"the file must be named {name}.yaml, after the rule")]


def _in_order(document: Document, faults: list[Problem]) -> list[Problem]:
    return sorted(faults, key=lambda fault: document.line(fault[0]))


def _in_base_units(rule: Rule) -> Rule:
    """Return a rule whose tests say `20 %` as 0.2."""
    return rule.model_copy(update={"tests": [_test_in_base_units(test) for test in rule.tests]})


def _test_in_base_units(test: RuleTest) -> RuleTest:
    neighbours = {path: values and _numbers(values) for path, values in test.neighbours.items()}
    return test.model_copy(update={"facts": _numbers(test.facts), "neighbours": neighbours})


def _numbers(values: dict[str, Notation]) -> dict[str, Notation]:
    return {name: _number(name, value) for name, value in values.items()}


def _number(name: str, value: Notation) -> Notation:
    spec = facts.FACTS[name]
    return amounts.amount(value, spec.unit) if spec.kind == "number" and isinstance(value, str) else value
