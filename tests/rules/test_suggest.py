"""What somebody meant by a word: the same meaning goes before the same letters."""

from __future__ import annotations

import pytest

from diagnose.rules.conditions import BOUNDS, KINDS, Compare, OverTime
from diagnose.rules.schema import Parameter, Rule
from diagnose.rules.suggest import did_you_mean, key_meant

COMPARE, OVER_TIME = list(Compare.model_fields), list(OverTime.model_fields)


@pytest.mark.parametrize(
    ("word", "bound"),
    [
        *[(word, "below") for word in ("less_than", "less-than", "Less than", "lt", "<", "under", "smaller_than")],
        *[(word, "at_most") for word in ("max", "maximum", "<=", "lte", "up_to", "at-most")],
        *[(word, "above") for word in ("greater_than", "more_than", "gt", ">", "over", "abvoe")],
        *[(word, "at_least") for word in ("min", "minimum", ">=", "gte", "at-least", "atleast")],
    ],
)
def test_comparisons_from_elsewhere(word: str, bound: str) -> None:
    assert bound in BOUNDS
    assert key_meant(word, COMPARE) == bound
    assert key_meant(word, OVER_TIME) == bound  # though `than` looks more like "less_than"


@pytest.mark.parametrize(
    ("word", "keys", "meant"),
    [
        ("and", list(KINDS), "all"),
        ("or", list(KINDS), "any"),
        ("metric", list(KINDS), "fact"),
        ("description", list(Rule.model_fields), "why"),
        ("description", list(Parameter.model_fields), "help"),
        ("value", list(Parameter.model_fields), "default"),
        ("thresholds", list(Rule.model_fields), "parameters"),
        ("condition", list(Rule.model_fields), "when"),
        ("titel", list(Rule.model_fields), "title"),
        ("zzzzzz", list(Rule.model_fields), None),
    ],
)
def test_other_keys(word: str, keys: list[str], meant: str | None) -> None:
    assert key_meant(word, keys) == meant


def test_a_name_with_near_letters() -> None:
    assert did_you_mean("slow_shares", ["slow_share", "p99"]) == "; did you mean `slow_share`?"
    assert did_you_mean("zzz", ["slow_share", "p99"]) == ""
