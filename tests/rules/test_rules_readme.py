"""The page for authors of rules: its examples work, and every kind of condition is on it."""

from __future__ import annotations

import re
from pathlib import Path

from diagnose import resources
from diagnose.rules import load_rules
from diagnose.rules.conditions import BOUNDS, KINDS
from diagnose.rules.evaluate.testing import run_tests
from diagnose.rules.lint import lint
from diagnose.rules.schema import Rule

TEXT = (resources.folder("rules") / "README.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_examples_are_valid_and_pass_their_tests(tmp_path: Path) -> None:
    for example in EXAMPLES:
        (name,) = re.findall(r"^(?:id|overrides): (\S+)$", example, flags=re.MULTILINE)
        (tmp_path / f"{name}.yaml").write_text(example)
    assert lint(tmp_path) == []
    tests = run_tests(tmp_path)
    assert {outcome.rule for outcome in tests} == {"many-misses", "greedy-neighbour"}
    assert [outcome.test for outcome in tests if not outcome.passed] == []
    rules = load_rules([tmp_path])
    assert rules.get("healthy").values["slow_share"] == 0.001
    assert rules.get("many-misses").values["min_reads"] == 1000
    assert rules.get("many-misses").rule.then.recommend == ["protect-service"]


def test_an_example_accuses_a_neighbour_and_tests_it() -> None:
    (example,) = (example for example in EXAMPLES if "id: greedy-neighbour" in example)
    for key in (
        "for_each: neighbour",
        "  culprits:\n    share:",
        "    cause:",
        "    neighbours:",
        "culprits: [/batch]",
    ):
        assert key in example


def test_examples_name_the_schema_for_editors() -> None:
    rules = [example for example in EXAMPLES if "id:" in example]
    assert rules
    for example in rules:
        assert example.startswith("# yaml-language-server: $schema=rule.schema.json\n")
    assert (resources.folder("rules") / "rule.schema.json").is_file()


def test_every_condition_bound_and_key_is_documented() -> None:
    fields = [name for kind in KINDS.values() for name in kind.model_fields if not name.endswith("_")]
    for word in {*KINDS, *BOUNDS, *fields, *Rule.model_fields}:
        assert word in TEXT, word
