"""Conditions: facts exist, thresholds are declared in the right unit, and who is accused is clear."""

from __future__ import annotations

import pytest

from tests.helpers.own_rules import ACCUSING, changed, told

UNBOUND = "`neighbour.eviction_share` is a fact of a neighbour; use it under `for_each: neighbour`"
ACCOUNTS = "is no share of the service's; name a fact of the service whose unit is ratio"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed("when: {fact: reads.missed_share", "when: {fact: reads.mised_share"),
            "6: when.fact: `reads.mised_share` is not a fact; did you mean `reads.missed_share`?",
        ),
        (
            changed("when: {fact: reads.missed_share", "when: {series: reads.missed_share, take: mean"),
            "6: when.series: `reads.missed_share` is a number, a series is needed here",
        ),
        (
            changed("above: $most}\nmech", "above: $moist}\nmech"),
            "6: when.above: $moist is neither declared under `parameters` nor shared; did you mean `most`?",
        ),
        (
            changed("above: $most}\nmech", "above: $slow_shares}\nmech"),
            "6: when.above: $slow_shares is neither declared under `parameters` nor shared; did you mean `slow_share`?",
        ),
        (
            changed("unit: ratio", "unit: pages"),
            "6: when.above: $most is in pages, not in ratio; declare it with `unit: ratio`",
        ),
        (
            changed("unit: ratio", "unit: percent"),
            "6: when.above: $most is in percent, not in ratio; declare it with `unit: ratio` and write the default as "
            "in `95 %`",
        ),
        (
            changed("parameters:\n", "parameters:\n  idle: {unit: ratio, default: 1, help: of no use}\n"),
            "5: parameters.idle: no condition uses it; remove it, or write `$idle` where it belongs",
        ),
        (
            changed("why:", "accounts_for: {share: reads.p99, of: evicted pages}\nwhy:"),
            f"3: accounts_for.share: `reads.p99` {ACCOUNTS}",
        ),
        (
            changed("why:", "accounts_for: {share: neighbour.eviction_share, of: evicted pages}\nwhy:"),
            f"3: accounts_for.share: `neighbour.eviction_share` {ACCOUNTS}",
        ),
        (
            changed("why:", "accounts_for: {share: reads.missd, of: evicted pages}\nwhy:"),
            "3: accounts_for.share: `reads.missd` is not a fact; did you mean `reads.missed`?",
        ),
    ],
)
def test_one_fault_is_one_message(text: str, said: str) -> None:
    assert told(text) == [said]


def test_a_fact_that_does_not_exist_has_no_unit_to_disagree_with() -> None:
    for fact in ("reads.mist", "reads.mist, per: reads.slow", "reads.slow, per: reads.mist"):
        (said,) = told(changed("when: {fact: reads.missed_share", f"when: {{fact: {fact}"))
        assert "`reads.mist` is not a fact" in said


def test_a_rule_that_accuses_may_be_written_in_full() -> None:
    assert told(ACCUSING, "greedy.yaml") == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '\n  culprits: {share: neighbour.eviction_share, cause: "it evicted this share"}',
            "",
            "12: then: `for_each` finds culprits; add "
            '`culprits: {share: neighbour.eviction_share, cause: "what it did"}`',
        ),
        (
            "is: {fact: neighbour.eviction_share, above: $most}",
            "is: {fact: reads.slow_share, above: $most}",
            "10: mechanisms: none looks at the neighbour that the rule accuses; add one that does",
        ),
        (
            "  all:\n",
            "  any:\n",
            "9: when.any[1]: `for_each` belongs into `when`, alone or under `all`: elsewhere it is unclear who is "
            "accused",
        ),
        (
            "share: neighbour.eviction_share",
            "share: limit.bytes",
            "15: then.culprits.share: `limit.bytes` is no share; its unit must be ratio",
        ),
        (
            "    - {for_each: neighbour, all: [{fact: neighbour.eviction_share, above: $most}]}",
            "    - {fact: neighbour.eviction_share, above: $most}",
            f"9: when.all[1].fact: {UNBOUND}",
        ),
        (
            "    - {fact: reads.slow_share, above: $most}",
            "    - {for_each: neighbour, all: [{fact: neighbour.eviction_share, above: $most}]}",
            "9: when.all[1]: a second `for_each`; put all conditions on the neighbour into one",
        ),
        (
            "{fact: reads.slow_share, above",
            "{fact: neighbour.eviction_share, above",
            f"8: when.all[0].fact: {UNBOUND}",
        ),
    ],
)
def test_who_is_accused_and_on_what_grounds(old: str, new: str, said: str) -> None:
    assert old in ACCUSING
    assert told(ACCUSING.replace(old, new), "greedy.yaml")[0] == said


def test_without_for_each_nobody_is_bound() -> None:
    culprits = "then:\n  culprits: {share: reads.missed_share, cause: x}\n"
    assert told(changed("then:\n", culprits)) == [
        "10: then.culprits: nobody is bound; add `for_each: neighbour` to `when`, or remove this"
    ]
