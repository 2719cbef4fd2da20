"""The words of those facts that are no numbers: what a rule's summary puts where it names one (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diagnose.analysis.facts import Facts
from diagnose.report.wording.writer import Writer

Words = Callable[[Any, Writer], str]
WORDS: dict[str, Words] = {}
"""By the name of the fact: what makes a phrase of its value."""


def words(name: str) -> Callable[[Words], Words]:
    """Register the function that writes the value of a fact."""

    def register(write: Words) -> Words:
        WORDS[name] = write
        return write

    return register


def fact_words(facts: Facts, name: str, neighbour: str | None, writer: Writer) -> str | None:
    """Return a fact of kind "text" in words; None: it was not measured."""
    return value_words(name, facts.value(name, neighbour), writer)


def value_words(name: str, value: object, writer: Writer) -> str | None:
    """Return the words of a fact of kind "text" whose value is known; None: it was not measured."""
    if value is None or isinstance(value, str):
        return value
    return WORDS[name](value, writer)
