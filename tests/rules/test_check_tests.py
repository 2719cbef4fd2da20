"""The tests of rules: their facts exist, stand where they belong, and can be read."""

from __future__ import annotations

import pytest

from tests.helpers.own_rules import ACCUSING, changed, told

FEW = "few miss, facts: {reads.missed_share: 0.1}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed(FEW, "few miss, facts: {reads.missed_share: 1x}"),
            "16: tests[1].facts.reads.missed_share: `x` does not fit the unit ratio; write `%`, or the number alone",
        ),
        (
            changed(FEW, "few miss, facts: {reads.slow: 1x}"),
            "16: tests[1].facts.reads.slow: `1x` is no series; write values as in `3 _ 1+2x5 0x10 _x5`",
        ),
        (
            changed(FEW, "few miss, facts: {reads.missd_share: 0.1}"),
            "16: tests[1].facts.reads.missd_share: `reads.missd_share` is not a fact; did you mean "
            "`reads.missed_share`?",
        ),
        (
            changed(FEW, "few miss, facts: {neighbour.eviction_share: 0.1}"),
            "16: tests[1].facts.neighbour.eviction_share: `neighbour.eviction_share` is a fact of the neighbour; put "
            "it under `neighbours`, under the neighbour's path",
        ),
        (
            changed(FEW, "few miss, neighbours: {/a: {reads.missed_share: 0.1}}"),
            "16: tests[1].neighbours./a.reads.missed_share: `reads.missed_share` is a fact of the service; put it "
            "under `facts`",
        ),
        (changed("few miss, facts", "few miss, like: none, facts"), "16: tests[1].like: no earlier test has this name"),
        (
            changed("few miss, facts", "half miss, facts"),
            "16: tests[1].name: an earlier test has this name; find another",
        ),
        (
            changed(FEW, "few miss, facts: {reads.slow: 1x5, reads.missed: 1x6}"),
            "16: tests[1]: its series have 6 and 7 windows; make them equally long",
        ),
    ],
)
def test_one_fault_is_one_message(text: str, said: str) -> None:
    assert told(text) == [said]


def test_a_neighbour_may_be_taken_away_and_numbers_be_amounts() -> None:
    tests = """\
tests:
  - name: one
    facts: {reads.slow_share: 50 %, reads.p99: 4 ms}
    neighbours: {/a: {neighbour.eviction_share: 90 %}}
    expect: {outcome: fires}
  - {name: nobody, like: one, neighbours: {/a: null}, expect: {outcome: quiet}}
"""
    assert told(ACCUSING + tests, "greedy.yaml") == []
