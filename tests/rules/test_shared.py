"""What rules share is written out in each: thresholds by name, whole conditions by name, a rule's own before both."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.rules import load_rules
from diagnose.rules.check_conditions import located
from diagnose.rules.conditions import SharedCondition
from diagnose.rules.evaluate.testing import run_tests
from diagnose.rules.lint import lint
from tests.helpers.own_rules import ACCUSING, INHERITING, RULE, shipped_shared, told, write

SHARED_FILE = """\
parameters:
  many: {unit: ratio, default: 10 %, help: one in ten is many enough for a test}
conditions:
  many_miss: {fact: reads.missed_share, above: $many}
"""
USING_IT = INHERITING.replace("{fact: reads.missed_share, above: $slow_share}", "{shared: many_miss}").replace(
    "$slow_share", "$many"
)
SLOW = ACCUSING.replace("{fact: reads.slow_share, above: $most}", "shared: reads_are_slow")


def test_a_threshold_that_a_rule_does_not_declare_is_the_shared_one(folder: Path) -> None:
    write(folder, INHERITING)
    loaded = load_rules([folder]).get("too-many-misses")
    assert loaded.values == {"slow_share": 0.002}
    assert loaded.inherited == {"slow_share": shipped_shared().declared["slow_share"]}
    assert loaded.rule.parameters["slow_share"].unit == "ratio"


def test_a_threshold_of_the_rules_own_goes_before_the_shared_one(folder: Path) -> None:
    write(folder, SLOW.replace("most", "slow_share"), "greedy.yaml")
    loaded = load_rules([folder]).get("greedy")
    assert loaded.values["slow_share"] == 0.2
    assert "slow_share" not in loaded.inherited
    assert "min_reads" in loaded.inherited


def test_a_shared_condition_is_written_out_where_it_is_named(folder: Path) -> None:
    write(folder, SLOW, "greedy.yaml")
    rule = load_rules([folder]).get("greedy").rule
    assert not any(isinstance(condition, SharedCondition) for _, condition in located(rule))
    assert rule.when.all[0] == shipped_shared().conditions["reads_are_slow"]
    assert {"reads.file_count", "reads.slow_time_share"} <= set(rule.facts())


@pytest.mark.parametrize("group", ["not: {shared: reads_are_slow}", "any: [{shared: reads_are_slow}]"])
def test_it_may_be_named_within_any_group(folder: Path, group: str) -> None:
    write(folder, ACCUSING.replace("{fact: reads.slow_share, above: $most}", group), "greedy.yaml")
    assert "reads.slow_time_share" in load_rules([folder]).get("greedy").rule.facts()


def test_a_folder_of_ones_own_may_share_things_too(folder: Path, tmp_path: Path) -> None:
    path = write(folder, SHARED_FILE, "shared.yaml")
    write(folder, USING_IT)
    rules = load_rules([folder])
    loaded = rules.get("too-many-misses")
    assert (loaded.values, loaded.inherited) == ({"many": 0.1}, {"many": path})
    assert lint(folder) == []
    assert [outcome.passed for outcome in run_tests(folder)] == [True, True, True]
    assert len(rules) == len(load_rules()) + 1
    assert rules.get("healthy").values == load_rules().get("healthy").values


def test_one_name_shared_twice_is_the_later_one_for_later_rules_alone(folder: Path) -> None:
    write(folder, SHARED_FILE.replace("many", "slow_share"), "shared.yaml")
    write(folder, INHERITING)
    rules = load_rules([folder])
    assert rules.get("too-many-misses").values == {"slow_share": 0.1}
    assert rules.get("healthy").values["slow_share"] == 0.002


def test_rules_for_hosts_without_bpf_share_what_their_folder_shares(folder: Path) -> None:
    (folder / "without-bpf").mkdir()
    write(folder, SHARED_FILE, "shared.yaml")
    write(folder, USING_IT)
    write(folder / "without-bpf", USING_IT)
    assert load_rules([folder]).without_bpf().get("too-many-misses").values == {"many": 0.1}


def test_a_rule_may_be_called_shared(folder: Path) -> None:
    """As it could before anything was shared: the file has an id."""
    write(folder, RULE.replace("too-many-misses", "shared"), "shared.yaml")
    assert load_rules([folder]).get("shared").values == {"most": 0.1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            SLOW.replace("reads_are_slow", "reads_slow"),
            "8: when.all[0].shared: no shared condition is called `reads_slow`; did you mean `reads_are_slow`?",
        ),
        (
            SLOW.replace("most: {unit: ratio", "slow_share: {unit: reads").replace("$most", "$slow_share"),
            "8: when.all[0].all[1].at_least: $slow_share is in reads, not in ratio; declare it with `unit: ratio`",
        ),
    ],
)
def test_faults_of_who_uses_it(text: str, said: str) -> None:
    assert told(text, "greedy.yaml") == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            SHARED_FILE.replace("missed_share", "mised_share"),
            "4: conditions.many_miss.fact: `reads.mised_share` is not a fact; did you mean `reads.missed_share`?",
        ),
        (
            SHARED_FILE.replace("$many", "$maany"),
            "4: conditions.many_miss.above: $maany is neither declared under `parameters` nor shared; did you mean "
            "`many`?",
        ),
        (
            SHARED_FILE.replace("unit: ratio, default: 10 %", "unit: s, default: 1 s"),
            "4: conditions.many_miss.above: $many is in s, not in ratio; declare it with `unit: ratio`",
        ),
        (
            "conditions: {twice: {any: [{shared: reads_are_slow}]}}",
            "1: conditions.twice.any[0]: a shared condition is written out; it cannot name another one",
        ),
        (
            SHARED_FILE.replace("parameters", "thresholds"),
            "1: thresholds: `thresholds` is not a key here; did you mean `parameters`?",
        ),
    ],
)
def test_faults_of_what_is_shared(folder: Path, text: str, said: str) -> None:
    assert told(text, "shared.yaml") == [said]
    path = write(folder, text, "shared.yaml")
    with pytest.raises(UsageError) as error:
        load_rules([folder])
    assert str(error.value) == f"{path}:{said}"
