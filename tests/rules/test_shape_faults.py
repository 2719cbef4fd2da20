"""Faults of shape are told in our words, with what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from diagnose.rules.document import Document
from diagnose.rules.interpret import interpret
from diagnose.rules.schema import Override, Rule
from tests.helpers.own_rules import changed, shipped_shared, told

WHEN = "when: {fact: reads.missed_share, above: $most}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (changed("title:", "titel:"), "2: titel: `titel` is not a key here; did you mean `title`?"),
        (changed("why: for the test\n", ""), "1: why: missing; add it"),
        (
            changed("above: $most}\nmech", "less_than: $most}\nmech"),
            "6: when.less_than: `less_than` is not a key here; did you mean `below`?",
        ),
        (
            changed("above: $most}\nmech", "equals: $most}\nmech"),
            "6: when.equals: `equals` is not a key here; there are above, at_least, below, at_most, fact, per",
        ),
        (
            changed("above: $most}\nmech", "above: 0.1}\nmech"),
            "6: when.above: thresholds go by name: declare 0.1 under `parameters` and write $name here",
        ),
        (changed("above: $most}\nmech", "above: most}\nmech"), "6: when.above: write $most to name the parameter"),
        (
            changed("above: $most}\nmech", "above: 5 %}\nmech"),
            "6: when.above: thresholds go by name: declare 5 % under `parameters` and write $name here",
        ),
        (
            changed("above: $most}\nmech", "above: $most, below: $most}\nmech"),
            "6: when: give exactly one of above, at_least, below, at_most",
        ),
        (
            changed("verdict: finding", "verdict: found"),
            "10: then.verdict: must be `finding` or `healthy`; did you mean `finding`?",
        ),
        (changed("why:", "rank: 5.5\nwhy:"), "3: rank: must be a whole number"),
        (changed("why:", "rank: 5000\nwhy:"), "3: rank: must be at most 1000"),
        (changed("[none]", "none"), "13: references: must be a list: `[a, b]`, or `- a` a line"),
        (changed("then:\n", "then:\n  advice: text\n"), "10: then.advice: must be a mapping, `key: value` a line"),
        (changed("title: Reads miss the page cache", "title: 7"), "2: title: must be text; put it in quotes"),
        (
            changed("title: Reads miss the page cache", "title: ''"),
            "2: title: must not be empty",
        ),
        (
            changed("id: too-many-misses", "id: Too many misses!"),
            "1: id: must be small letters, digits and hyphens, a letter first: `too-many-misses`",
        ),
        (
            changed("most:", "Most-of:"),
            "5: parameters.Most-of: must be small letters, digits and underscores, a letter first: `most_of`",
        ),
        (
            changed("above: $most}\nmech", "above: $Most-of}\nmech"),
            "6: when.above: must be `$` and small letters, digits and underscores, a letter first: `$most_of`",
        ),
        (changed("why: for", f"why: {'x' * 5000} for"), "3: why: must have at most 4096 characters"),
        (changed("default: 0.1", "default: 1e999"), "5: parameters.most.default: must be a finite number"),
        (changed("default: 0.1", "default: [1]"), "5: parameters.most.default: must be a number"),
        (
            changed("{reads.missed_share: 0.1}, e", "{reads.missed_share: [1]}, e"),
            "16: tests[1].facts.reads.missed_share: give a number, a series as in `0x10 5x9`, text, or null where it "
            "was not measured",
        ),
        (changed(WHEN, "when: {all: []}"), "6: when.all: must not be empty"),
    ],
)
def test_one_fault_is_one_message_with_line_key_and_remedy(text: str, said: str) -> None:
    assert told(text) == [said]


KINDS = "for_each, all, any, not, fact, series, two_modes, moves_together, on_off, shared"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{}", f"a condition starts with one of {KINDS}"),
        ("{facts: reads.slow_share}", f"a condition starts with one of {KINDS}; did you mean `fact`?"),
        ("{or: []}", f"a condition starts with one of {KINDS}; did you mean `any`?"),
        (
            "{reads.slow_share: {above: 0.2}}",
            f"a condition starts with one of {KINDS}; write `{{fact: reads.slow_share, above: $name}}`",
        ),
        (
            "reads.slow_share > 0.2",
            "a condition is no text; write it as in `{fact: reads.slow_share, above: $name}`",
        ),
        ("[{fact: reads.slow_share, above: $most}]", "a list is no condition; put it under `all:` or `any:`"),
    ],
)
def test_what_is_no_condition_is_told_how_to_become_one(when: str, said: str) -> None:
    assert told(changed(WHEN, f"when: {when}")) == [f"6: when: {said}"]


def test_the_keys_of_a_condition_within_others_are_known() -> None:
    nested = "when: {all: [{not: {any: [{series: reads.slow, take: mean, abov: $most}]}}]}"
    (said,) = told(changed(WHEN, nested))
    assert said == "6: when.all[0].not.any[0].abov: `abov` is not a key here; did you mean `above`?"


def test_a_key_from_elsewhere_is_not_suggested() -> None:
    """`than` exists, and not in a comparison of a number."""
    (said,) = told(changed("above: $most}\nmech", "thn: $most}\nmech"))
    assert "`than`" not in said


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "all", "fact"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from([*Rule.model_fields, "overrides"]), ANYTHING)
@settings(max_examples=150, deadline=None)
def test_no_sentence_of_pydantics_is_shown(key: str, value: Any) -> None:
    data = {"id": "x", "title": "x", "why": "x", "when": {}, "then": {}, key: value}
    model = Override if "overrides" in data else Rule
    try:
        model.model_validate(data)
    except ValidationError as error:
        theirs = {fault["msg"] for fault in error.errors() if fault["type"] not in ("condition", "value_error")}
        _, problems = interpret(Document(Path("x.yaml"), data, {}), shipped_shared())
        assert problems
        assert not theirs & {text for _, text in problems}
        assert not any("cannot be used" in text or "Input" in text for _, text in problems)
