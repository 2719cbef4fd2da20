"""Templates: what stands in braces is a fact, a threshold of the rule or a culprit."""

from __future__ import annotations

import pytest

from tests.helpers.own_rules import ACCUSING, changed, told

SUMMARY = "{reads.missed_share} of"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed(SUMMARY, "{reads.missed_shar} of"),
            "11: then.summary: {reads.missed_shar}: `reads.missed_shar` is neither a fact nor a $parameter; did you "
            "mean `reads.missed_share`?",
        ),
        (
            changed(SUMMARY, "{{ 7*7 }} of {reads.slow}"),
            "11: then.summary: a single brace; braces enclose the name of a fact or of a $parameter, and nothing else",
        ),
        (
            changed("{kind: direct,", "{kind: direct, asks: 'whether {zzzz}',"),
            "8: mechanisms.misses.asks: {zzzz}: `zzzz` is neither a fact nor a $parameter",
        ),
        (
            changed("{reads.missed_share} of the reads missed, more than", "Half of the reads missed, more than"),
            "11: then.summary: states no measured number; name at least one {fact}",
        ),
        (
            changed(SUMMARY, "{culprits} {reads.missed_share} of"),
            "11: then.summary: {culprits}: nobody is bound by `for_each`",
        ),
        (
            changed(SUMMARY, "{neighbour.inserted} {reads.missed_share} of"),
            "11: then.summary: {neighbour.inserted}: `neighbour.inserted` is a fact of a neighbour, and nobody is "
            "bound by `for_each`",
        ),
        (
            changed("than {$most}", "than {$moist}"),
            "11: then.summary: {$moist}: no condition of this rule uses such a parameter; did you mean `most`?",
        ),
        (
            changed(SUMMARY, "{reads.file_latency} of {reads.slow}"),
            "11: then.summary: {reads.file_latency}: of a histogram one can say reads.file_latency:fast_latency, "
            "reads.file_latency:slow_latency, reads.file_latency:slow_weight, reads.file_latency:antimode, "
            "reads.file_latency:times_slower, reads.file_latency:p50, reads.file_latency:p99",
        ),
    ],
)
def test_one_fault_is_one_message(text: str, said: str) -> None:
    assert told(text) == [said]


def test_attributes_and_expressions_are_no_facts() -> None:
    for word in ("reads.missed_share.__class__", "reads.missed_share!r", "7*7", ""):
        assert any(f"{{{word}}}: " in said for said in told(changed(SUMMARY, f"{{{word}}} of")))


def test_a_shared_threshold_may_be_named_where_a_condition_uses_it() -> None:
    shared = ACCUSING.replace("{fact: reads.slow_share, above: $most}", "shared: reads_are_slow")
    assert told(shared.replace("{culprits} evicted", "above {$slow_share}, {culprits} evicted"), "greedy.yaml") == []
