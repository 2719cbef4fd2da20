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
    rule, override = EXAMPLES
    (tmp_path / "many-misses.yaml").write_text(rule)
    (tmp_path / "healthy.yaml").write_text(override)
    assert lint(tmp_path) == []
    assert [o.message for o in run_tests(tmp_path) if not o.passed] == []
    rules = load_rules([tmp_path])
    assert rules.get("healthy").values["slow_share"] == 0.001
    assert rules.get("many-misses").rule.then.recommend == ["protect-service"]


def test_every_condition_bound_and_key_is_documented() -> None:
    fields = [name for kind in KINDS.values() for name in kind.model_fields if not name.endswith("_")]
    for word in {*KINDS, *BOUNDS, *fields, *Rule.model_fields}:
        assert word in TEXT, word
