"""The words of those facts that are no numbers, for the summaries of rules, and why a fact is missing (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from diagnose.analysis.facts import FACTS, Missing

# Importing a subject registers its words.
from diagnose.report.wording import facts_cpu, facts_devices, facts_evictions, facts_memory, facts_reads, facts_writes
from diagnose.report.wording.fact_registry import WORDS, WORDS_FOR_RULE, words, words_for_rule
from diagnose.report.wording.writer import Writer

__all__ = [
    "fact_words",
    "facts_cpu",
    "facts_devices",
    "facts_evictions",
    "facts_memory",
    "facts_reads",
    "facts_writes",
    "missing_words",
    "words",
    "words_for_rule",
]


class Valued(Protocol):
    """The facts of a capture, or those that a rule's test gives."""

    def value(self, name: str, neighbour: str | None = None) -> Any: ...


def fact_words(
    facts: Valued, name: str, neighbour: str | None, writer: Writer, thresholds: Mapping[str, float] | None = None
) -> str | None:
    """Return a fact of kind "text" in words; None: it was not measured.

    `thresholds`: those of the rule that names it, by which some facts say more or less. What a rule's test gives is in
    words already.
    """
    value = facts.value(name, neighbour)
    if value is None or isinstance(value, str):
        return value
    if name in WORDS_FOR_RULE:
        return WORDS_FOR_RULE[name](value, writer, thresholds or {})
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
