"""Mechanisms, names and files: what a rule may rest on, and what it must be called."""

from __future__ import annotations

import pytest

from tests.helpers.own_rules import RULE, changed, told

ON_OFF = "{on_off: {activity: reads.slow, effect: reads.missed}, cycles_at_least: $cycles, delta_at_least: $delta}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed("is: {fact: reads.missed_share, above: $most}", f"is: {ON_OFF}"),
            "8: mechanisms.misses.kind: moves_together and on_off are correlations; write `kind: correlation`",
        ),
        (
            RULE[: RULE.index("mechanisms")] + RULE[RULE.index("then:") :],
            "1: mechanisms: missing; a finding rests on at least one named mechanism",
        ),
        (
            changed("why:", "explains_if: mises\nwhy:"),
            "3: explains_if: `mises` is not a mechanism of this rule; did you mean `misses`?",
        ),
        (changed("id: too-many-misses", "id: other"), "1: id: the file must be named other.yaml, after the rule"),
        ("just words", "1: not a rule; a rule is a mapping that starts with its `id`"),
        ("[1, 2]", "1: not a rule; a rule is a mapping that starts with its `id`"),
    ],
)
def test_one_fault_is_one_message(text: str, said: str) -> None:
    assert told(text) == [said]
