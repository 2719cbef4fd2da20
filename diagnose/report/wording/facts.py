"""The words of those facts that are no numbers, for the summaries of rules, and why a fact is missing (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diagnose.analysis.facts import FACTS, Missing
from diagnose.report.wording.writer import Writer
from diagnose.rules.evaluate import FactSource

Words = Callable[[Any, Writer], str]
WORDS: dict[str, Words] = {}
"""By the name of the fact: what makes a phrase of its value."""


def words(name: str) -> Callable[[Words], Words]:
    """Register the function that writes the value of a fact."""

    def register(write: Words) -> Words:
        WORDS[name] = write
        return write

    return register


def fact_words(facts: FactSource, name: str, neighbour: str | None, writer: Writer) -> str | None:
    """Return a fact of kind "text" in words; None: it was not measured."""
    value = facts.value(name, neighbour)
    if value is None or isinstance(value, str):
        return value
    return WORDS[name](value, writer)


def missing_words(missing: Missing) -> str:
    """Return why a fact has no value, as a clause without a full stop."""
    if missing.code == "probe-not-attached":
        return f"probe {missing.probe}: {missing.reason}"
    if missing.code == "not-in-test":
        return f"{missing.fact} is not given in this test"
    if missing.code == "no-limit-set":
        return "no memory limit of the service's own is set"
    if missing.code == "no-quota-of-its-own":
        return "the service has no cpu.stat to itself, so no CPU quota of its own; one above it was not read"
    return f"probe {missing.probe} ran, but its readings give no value for: {FACTS[missing.fact].help}"
