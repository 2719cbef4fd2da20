"""Loading: faults are named with file, line, key and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.rules import load_rules
from diagnose.rules.evaluate.testing import lint, run_tests
from tests.helpers.own_rules import RULE, changed, write


def test_a_rule_of_ones_own_joins_the_shipped_ones(folder: Path) -> None:
    write(folder)
    rules = load_rules([folder])
    assert {"too-many-misses", "healthy", "page-cache-noisy-neighbour"} <= {loaded.id for loaded in rules}
    assert lint(folder) == []
    assert [(o.test, o.passed) for o in run_tests(folder)] == [
        ("half miss", True),
        ("few miss", True),
        ("not measured", True),
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            changed("when: {fact: reads.missed_share", "when: {fact: reads.mised_share"),
            6,
            "did you mean `reads.missed_share`",
        ),
        (
            changed("when: {fact: reads.missed_share", "when: {series: reads.missed_share, take: mean"),
            6,
            "is a number, a series",
        ),
        (changed("above: $most}\nmech", "above: 0.1}\nmech"), 6, "declare 0.1 under `parameters`"),
        (changed("above: $most}\nmech", "above: most}\nmech"), 6, "write $most"),
        (changed("above: $most}\nmech", "above: $moist}\nmech"), 6, "did you mean `most`"),
        (changed("above: $most}\nmech", "above: $most, below: $most}\nmech"), 6, "exactly one of"),
        (changed("unit: ratio", "unit: pages"), 6, "declare it with `unit: ratio`"),
        (changed("title:", "titel:"), 2, "did you mean `title`"),
        (changed("why: for the test\n", ""), 1, "why: missing"),
        (changed("id: too-many-misses", "id: other"), 1, "must be named other.yaml"),
        (changed("verdict: finding", "verdict: guilty"), 10, "'finding' or 'healthy'"),
        (changed("[protect-service]", "[reboot]"), 12, "protect-service"),
        (changed("{reads.missed_share} of", "{reads.mist} of"), 11, "neither a fact nor"),
        (changed("{reads.missed_share} of", "{{ 7*7 }} of"), 11, "brace"),
        (changed("{kind: direct,", "{kind: direct, asks: 'whether {nothing}',"), 8, "neither a fact nor"),
        (changed("[protect-service]", "[protect-service]\n  steps: [reboot]"), 13, "read-ahead"),
        (changed("{reads.missed_share} of", "{reads.missed_share.__class__} of"), 11, "neither a fact nor"),
        (changed("{reads.missed_share} of the", "Half of the"), 11, "no measured number"),
        (changed("{reads.missed_share} of", "{culprits} {reads.missed_share} of"), 11, "nobody is bound"),
        (changed("when: {fact: reads.missed_share", "when: {fact: neighbour.eviction_share"), 6, "for_each"),
        (changed("when: {fact: reads.missed_share, above: $most}", "when: {}"), 6, "a condition starts with one of"),
        (changed("when: {fact: reads.missed_share, above: $most}", "when: {all: []}"), 6, "at least 1"),
        (
            changed("few miss, facts: {reads.missed_share: 0.1}", "few miss, facts: {reads.missed_share: 1x}"),
            16,
            "not a number",
        ),
        (changed("few miss, facts: {reads.missed_share: 0.1}", "few miss, facts: {reads.slow: 1x}"), 16, "no series"),
        (changed("few miss, facts", "few miss, like: many, facts"), 16, "no earlier test"),
        (changed("default: 0.1", "default: 1e999"), 5, "finite"),
        (changed("default: 0.1", "default: '0.1'"), 5, "must be a number"),
        (
            changed("why:", "accounts_for: {share: reads.p99, of: evicted pages}\nwhy:"),
            3,
            "is no share of the service's",
        ),
        (changed("why:", "accounts_for: {share: neighbour.eviction_share, of: evicted pages}\nwhy:"), 3, "no share of"),
        (
            changed("why:", "accounts_for: {share: reads.missd, of: evicted pages}\nwhy:"),
            3,
            "`reads.missd` is not a fact",
        ),
        (changed("why:", "accounts_for: {share: reads.missed_share, of: all}\nwhy:"), 3, "'evicted pages' or"),
        ("just words", 1, "not a rule"),
        ("[1, 2]", 1, "not a rule"),
    ],
)
def test_faults_are_named_with_file_line_and_fix(folder: Path, text: str, line: int, said: str) -> None:
    path = write(folder, text)
    with pytest.raises(UsageError) as error:
        load_rules([folder])
    assert any(m.startswith(f"{path}:{line}: ") and said in m for m in str(error.value).splitlines()), str(error.value)
    assert any(said in message for message in lint(folder))


def test_a_fact_that_does_not_exist_has_no_unit_to_disagree_with(folder: Path) -> None:
    """One fault is one message: of an unknown fact, alone or divided, no unit is demanded."""
    for fact in ("reads.mist", "reads.mist, per: reads.slow", "reads.slow, per: reads.mist"):
        write(folder, changed("when: {fact: reads.missed_share", f"when: {{fact: {fact}"))
        (said,) = lint(folder)
        assert "`reads.mist` is not a fact" in said


NEIGHBOUR = """\
when:
  all:
    - {for_each: neighbour, all: [{fact: neighbour.eviction_share, above: $most}]}
"""
ACCUSES = changed("when: {fact: reads.missed_share, above: $most}\n", NEIGHBOUR).replace(
    "{reads.missed_share} of", "{culprits}, {reads.missed_share} of"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ACCUSES, "add `culprits`"),
        (ACCUSES, "none looks at the neighbour"),
        (ACCUSES.replace("  all:\n", "  any:\n"), "unclear who is accused"),
        (ACCUSES.replace("then:\n", "then:\n  culprits: {share: limit.bytes, cause: x}\n"), "is no share"),
        (
            RULE.replace("is: {fact: reads.missed_share, above: $most}", "is: {on_off: {activity: reads.slow, effect: "
            "reads.missed}, cycles_at_least: $most, delta_at_least: $most}"),
            "write `kind: correlation`",
        ),
        (RULE[: RULE.index("mechanisms")] + RULE[RULE.index("then:") :], "rests on at least one named mechanism"),
    ],
)  # fmt: skip
def test_who_is_accused_and_on_what_grounds(folder: Path, text: str, said: str) -> None:
    write(folder, text)
    with pytest.raises(UsageError, match=said):
        load_rules([folder])


def test_lint_asks_for_more_than_loading_does(folder: Path) -> None:
    bare = RULE[: RULE.index("references")].replace("one in ten is many enough for a test", "a limit")
    write(folder, bare)
    assert load_rules([folder]).get("too-many-misses")
    said = "\n".join(lint(folder))
    for expected in ("outcome: fires", "outcome: quiet", "outcome: unknown", "justify", "cite"):
        assert expected in said


def test_a_file_of_another_name_is_found(folder: Path) -> None:
    write(folder, name="too-many-misses.yml")
    assert any("name it too-many-misses.yaml" in m for m in lint(folder))
    with pytest.raises(UsageError, match="must be named"):
        load_rules([folder])


def test_a_failing_test_says_what_differs_and_where(folder: Path) -> None:
    path = write(folder, RULE.replace("outcome: fires, confidence: medium", "outcome: fires, confidence: high"))
    failed = [o for o in run_tests(folder) if not o.passed]
    assert [o.test for o in failed] == ["half miss"]
    assert "confidence is medium, expected high" in failed[0].message
    assert failed[0].message.startswith(f"{path}:15: ")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        load_rules([tmp_path / "none"])


@pytest.mark.parametrize("old", ["why: for the test", "unit: ratio", "title: Reads miss the page cache"])
def test_a_terminal_takes_no_orders_from_a_rule(folder: Path, old: str) -> None:
    write(folder, changed(old, f'{old.partition(":")[0]}: "\\e[31m"'))
    with pytest.raises(UsageError, match="control characters are not accepted"):
        load_rules([folder])
