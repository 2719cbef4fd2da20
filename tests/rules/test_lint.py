"""Lint: errors, which keep a rule from working, and remarks, which do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.rules import load_rules
from diagnose.rules.evaluate.testing import run_tests
from diagnose.rules.lint import lint
from tests.helpers.own_rules import ACCUSING, INHERITING, RULE, changed, write


def texts(folder: Path, *, remarks: bool = False) -> list[str]:
    """Return what lint says of the one file in a folder, without its path."""
    (path,) = folder.glob("*.yaml")
    return [m.text.removeprefix(f"{path}:") for m in lint(folder) if m.remark == remarks]


def test_style_is_remarked_on_and_is_no_error(folder: Path) -> None:
    write(folder, RULE[: RULE.index("references")].replace("one in ten is many enough for a test", "a limit"))
    assert texts(folder, remarks=True) == [
        "1: remark: tests: no test in which it fires (`outcome: fires`); add one",
        "1: remark: tests: no test in which it stays quiet (`outcome: quiet`); add one",
        "1: remark: tests: no test with data missing (`outcome: unknown`); add one",
        "5: remark: parameters.most.help: does not justify the threshold; say why this value",
        "1: remark: references: missing; cite where the thresholds and the mechanism come from",
    ]
    assert texts(folder) == []
    assert load_rules([folder]).get("too-many-misses")


def test_errors_come_first(folder: Path) -> None:
    write(folder, RULE[: RULE.index("references")])
    write(folder, "id: x", "x.yaml")
    assert [message.remark for message in lint(folder)] == [False] * 4 + [True] * 4


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "too-many-misses.yaml",
            changed("default: 0.1", "default: 95"),
            "5: parameters.most.default: 95 is never reached: `reads.missed_share` is at most 1; did you mean 0.95 "
            "(95 %)?",
        ),
        (
            "too-many-misses.yaml",
            changed("default: 0.1", "default: 1000"),
            "5: parameters.most.default: 1000 is never reached: `reads.missed_share` is at most 1",
        ),
        (
            "healthy.yaml",
            "overrides: healthy\nparameters: {slow_share: 2}",
            "2: parameters.slow_share: 2 is never reached: `reads.slow_share` is at most 1; did you mean 0.02 (2 %)?",
        ),
        (
            "shared.yaml",
            "overrides: shared\nparameters: {slow_share: 2}",
            "2: parameters.slow_share: 2 is never reached: `reads.slow_share` is at most 1; did you mean 0.02 (2 %)?",
        ),
    ],
)
def test_a_share_that_no_fact_reaches(folder: Path, name: str, text: str, said: str) -> None:
    write(folder, text, name)
    assert texts(folder) == [said]
    assert load_rules([folder])  # as it did before there was this error


def test_a_shared_share_that_no_fact_reaches_is_told_where_it_is_used(folder: Path) -> None:
    far = "parameters:\n  slow_share: {unit: ratio, default: 95, help: far more than there can be}"
    write(folder, far, "shared.yaml")
    path = write(folder, INHERITING)
    meant = "95 is never reached: `reads.missed_share` is at most 1; did you mean 0.95 (95 %)?"
    assert [m.text for m in lint(folder)] == [f"{path}:4: when.above: {meant}"]


def test_what_is_shared_needs_a_reason_too(folder: Path) -> None:
    write(folder, "parameters:\n  x: {unit: ratio, default: 5 %, help: a limit}", "shared.yaml")
    assert texts(folder, remarks=True) == [
        "2: remark: parameters.x.help: does not justify the threshold; say why this value"
    ]


@pytest.mark.parametrize("name", ["mine", "without-bpf"])
def test_an_override_may_change_a_rule_of_the_folder_for_hosts_without_bpf(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    inner = folder if name == "without-bpf" else folder / "without-bpf"
    inner.mkdir(parents=True)
    write(inner, "overrides: own-limit-too-small\nparameters: {refaults_per_hit: 7}\n", "own-limit-too-small.yaml")
    assert lint(folder) == []
    write(inner, "overrides: own-limit-too-small\nparameters: {self_share: 7}\n", "own-limit-too-small.yaml")
    assert len(lint(folder)) == 1


@pytest.mark.parametrize("check", [lint, run_tests])
def test_a_folder_without_rules_is_refused(folder: Path, check: object) -> None:
    assert callable(check)
    with pytest.raises(UsageError, match=r"mine: no rules in it; a rule is a file that ends in \.yaml$"):
        check(folder)


def test_a_rule_of_ones_own_without_a_fault(folder: Path) -> None:
    write(folder)
    write(folder, ACCUSING, "greedy.yaml")
    assert [m.text for m in lint(folder) if not m.remark] == []
