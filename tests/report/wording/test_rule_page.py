"""A rule for people: all that it says, asks for and rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.analysis import facts
from diagnose.report.wording.rule_page import explain, list_rules, reference
from diagnose.rules import LoadedRule, load_rules
from tests.helpers.own_rules import write

RULES = load_rules()
EACH_RULE = pytest.mark.parametrize("loaded", [*RULES, *RULES.instead], ids=lambda loaded: loaded.id)


@EACH_RULE
def test_explained_in_full(loaded: LoadedRule) -> None:
    text = explain(loaded)
    for name in loaded.rule.parameters:
        assert f"| `{name}` |" in text
    for path in loaded.inherited.values():
        assert f"| {path} |" in text
    for name in loaded.rule.facts():
        assert f"| `{name}` |" in text
        assert facts.FACTS[name].probe in text
    for reference_ in loaded.rule.references:
        assert reference_ in text
    for consequence in loaded.rule.explains:
        assert f"`{consequence}`" in text
    if loaded.rule.accounts_for:
        assert f"| `{loaded.rule.accounts_for.share}` |" in text


def test_a_threshold_that_a_later_folder_changed_is_shown_with_the_file(tmp_path: Path) -> None:
    later = tmp_path / "later"
    later.mkdir()
    write(tmp_path)
    path = write(later, "overrides: too-many-misses\nparameters:\n  most: 0.25\n")
    loaded = load_rules([tmp_path, later]).get("too-many-misses")
    assert f"| `most` | 25 % (set in {path}) | 10 % |" in explain(loaded)


def test_listed_and_referenced() -> None:
    assert ("healthy", RULES.get("healthy").rule.title) in list_rules(RULES)
    text = reference()
    assert all(f"| `{name}` |" in text for name in facts.FACTS)
