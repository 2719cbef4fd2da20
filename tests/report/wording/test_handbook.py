"""docs/facts.md is what the code says."""

from __future__ import annotations

from diagnose.analysis import facts
from diagnose.report.wording.handbook import page
from diagnose.rules.conditions import KINDS
from tests.helpers.paths import CHECKOUT

PAGE = CHECKOUT / "docs" / "facts.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run: make reference"


def test_every_fact_and_condition_is_on_it() -> None:
    for word in (*facts.FACTS, *KINDS):
        assert f"| `{word}` |" in page()


def test_helps_are_phrases_without_a_bar_which_would_break_the_table() -> None:
    for spec in facts.FACTS.values():
        assert "|" not in spec.help
        assert not spec.help.endswith(".")
