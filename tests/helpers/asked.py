"""One condition, asked of facts in the notation of the tests that rules carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from diagnose.analysis.facts import Missing
from diagnose.rules.conditions import Condition
from diagnose.rules.evaluate.checked import Checked
from diagnose.rules.evaluate.conditions import evaluate_condition
from diagnose.rules.evaluate.result import Context, Result
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import Expect, RuleTest

PARSE: TypeAdapter[Any] = TypeAdapter(Condition)

TOGETHER = {
    "moves_together": {"cause": "neighbour.inserted", "effect": "reads.slow"},
    "p_at_most": "$p",
    "correlation_at_least": "$r",
}
ON_OFF = {
    "on_off": {"activity": "neighbour.inserted", "effect": "reads.slow"},
    "cycles_at_least": "$c",
    "delta_at_least": "$d",
}
BURSTS = "0x9 90x9 0x9 90x9 0x9 90x9"
"""Three cycles of ten quiet windows and ten busy ones."""


def ask(
    condition: Mapping[str, object],
    facts: Mapping[str, object] | None = None,
    neighbours: Mapping[str, Mapping[str, object]] | None = None,
    **values: float,
) -> Result:
    """Return what a condition comes to; `values`: the parameters of its rule."""
    test = RuleTest.model_validate(
        {
            "name": "t",
            "facts": dict(facts or {}),
            "neighbours": dict(neighbours or {}),
            "expect": Expect(outcome="quiet"),
        }
    )
    return evaluate_condition(PARSE.validate_python(condition), Context(TestFacts(test), values))


def ask_of_neighbour(condition: Mapping[str, object], inserted: object, slow: object, **values: float) -> Result:
    """Return what a condition comes to for one neighbour, /a, that brings in so many pages."""
    each = {"for_each": "neighbour", "all": [condition]}
    return ask(each, {"reads.slow": slow}, {"/a": {"neighbour.inserted": inserted}}, **values)


def only(result: Result) -> Checked:
    """Return the one condition that was judged, which is the reason for the outcome, too."""
    assert result.checked == result.reasons
    (checked,) = result.checked
    assert result.truth is checked.holds
    return checked


def not_given(name: str, probe: str) -> Missing:
    return Missing("not-in-test", name, probe)
