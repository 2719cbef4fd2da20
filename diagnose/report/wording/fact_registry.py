"""Which function writes the value of which fact; importing `facts.py` fills it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from diagnose.report.wording.writer import Writer

Words = Callable[[Any, Writer], str]
WordsForRule = Callable[[Any, Writer, Mapping[str, float]], str]

WORDS: dict[str, Words] = {}
"""By the name of the fact: what makes a phrase of its value."""
WORDS_FOR_RULE: dict[str, WordsForRule] = {}
"""The same where the thresholds of the rule that names the fact decide what is worth telling."""


def words(name: str) -> Callable[[Words], Words]:
    """Register the function that writes the value of a fact."""

    def register(write: Words) -> Words:
        WORDS[name] = write
        return write

    return register


def words_for_rule(name: str) -> Callable[[WordsForRule], WordsForRule]:
    """Register the function that writes the value of a fact by the thresholds of the rule that names it."""

    def register(write: WordsForRule) -> WordsForRule:
        WORDS_FOR_RULE[name] = write
        return write

    return register
