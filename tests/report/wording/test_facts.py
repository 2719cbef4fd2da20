"""Facts that are no numbers, in words, and why a fact is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.analysis.facts import FACTS, Facts, Missing
from diagnose.analysis.windows import Windows
from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.wording.fact_registry import WORDS, WORDS_FOR_RULE
from diagnose.report.wording.facts import fact_words, missing_words
from diagnose.report.wording.writer import Names
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest

RECORDINGS = sorted(RECORDED.glob("*.gz"))
IN_WORDS = sorted(spec.name for spec in FACTS.values() if spec.kind == "text")


def test_every_fact_that_is_no_number_has_words_and_no_other_fact_has() -> None:
    assert sorted([*WORDS, *WORDS_FOR_RULE]) == IN_WORDS


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name.partition(".")[0])
def test_the_words_of_a_fact_are_a_phrase_on_one_line(recording: Path) -> None:
    facts = Facts(Windows(captures.load(recording)[0]))
    for name in IN_WORDS:
        for whose in facts.neighbours if FACTS[name].scope == "neighbour" else [None]:
            said = fact_words(facts, name, whose, Names({}).writer())
            assert (said is None) == (facts.value(name, whose) is None), name
            assert said is None or (said and "\n" not in said and "None" not in said and not said.endswith(".")), name


def test_what_was_not_measured_has_no_words_and_words_stay_as_they_are() -> None:
    given = TestFacts(RuleTest(name="given", facts={"host.room": "half of it"}, expect={"outcome": "quiet"}))
    assert fact_words(given, "host.room", None, Names({}).writer()) == "half of it"
    assert fact_words(given, "limit.users", None, Names({}).writer()) is None


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (Missing("probe-not-attached", "evictions.of_service", "evictions", "EPERM"), "probe evictions: EPERM"),
        (Missing("no-limit-set", "limit.bytes", "cgroups"), "no memory limit of the service's own is set"),
        (
            Missing("no-quota-of-its-own", "cpu.used", "cgroups"),
            "the service has no cpu.stat to itself, so no CPU quota of its own; one above it was not read",
        ),
        (
            Missing("no-value", "reads.p50", "reads"),
            "probe reads ran, but its readings give no value for: median latency of file reads",
        ),
    ],
)
def test_why_a_fact_is_missing(missing: Missing, said: str) -> None:
    assert missing_words(missing) == said
