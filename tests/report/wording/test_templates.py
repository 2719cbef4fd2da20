"""A rule's own sentences, filled with numbers and names."""

from __future__ import annotations

import pytest

from diagnose.report.wording.templates import Filler
from diagnose.report.wording.writer import Names
from diagnose.rules import load_rules
from diagnose.rules.evaluate import judge
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest
from tests.helpers.judged import NOISY, changed

RULE = load_rules().get("page-cache-noisy-neighbour")
FACTS = changed(
    NOISY,
    {
        "reads.slow": "1 2 _ 9 0 3",
        "cache.refaults": "100 100 0 0 0 0",
        "evictions.of_service": "100 100 0 0 0 0",
        "reads.file_latency": "9800@1us 200@1ms",
        "evictions.besides": "nothing else did",
        "cpu.users": None,
    },
)
NAMES = Names({"/batch": "nightly"})


def filled(template: str, *culprits: str) -> str:
    return Filler(judge(RULE, FACTS), FACTS, culprits).fill(template, NAMES.writer())


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{reads.slow}", "15 reads"),
        ("{reads.slow:total}", "15 reads"),
        ("{reads.slow:max} {reads.slow:min} {reads.slow:mean} {reads.slow:median}", "9 reads 0 reads 3 reads 2 reads"),
        ("{reads.file_latency:fast_latency} {reads.file_latency:slow_latency}", "1 µs 1 ms"),
        ("{reads.file_latency:slow_weight} {reads.file_latency:times_slower}", "2 % 1,000 times"),
        ("{reads.file_latency:p50} {reads.file_latency:p99}", "1.01 µs 1 ms"),
        ("{evictions.besides}; {cpu.users}", "nothing else did; unknown"),
        ("{reads.p50}", "unknown"),
        ("{$slow_share} {$pages_per_slow_read} {$delta}", "0.2 % 0.25 pages per read 0.474"),
        ("{neighbour.eviction_share}", "94 %"),
        ("two\n  lines", "two lines"),
    ],
)
def test_placeholders(template: str, said: str) -> None:
    assert filled(template, "/batch") == said


def test_one_mode_has_no_slow_latency() -> None:
    facts = changed(NOISY, {"reads.file_latency": "10000@1us"})
    said = Filler(judge(RULE, facts), facts, ()).fill("{reads.file_latency:slow_latency}", NAMES.writer())
    assert said == "unknown"


def test_culprits_are_named_and_the_first_one_is_meant() -> None:
    assert filled("{culprit} and {culprits}", "/batch", "/b") == "nightly (/batch) and nightly and /b"
    assert filled("{culprits}") == "none"
    assert filled("{neighbour.eviction_share}", "/b", "/batch") == "unknown"


def test_what_the_system_is_named_is_no_template() -> None:
    test = RuleTest.model_validate(
        {"name": "t", "facts": {"evictions.besides": "{reads.slow}"}, "expect": {"outcome": "quiet"}}
    )
    facts = TestFacts(test)
    writer = Names({"/batch": "{culprit}"}).writer()
    said = Filler(judge(RULE, facts), facts, ("/batch",)).fill("{culprit}: {evictions.besides}", writer)
    assert said == "{culprit} (/batch): {reads.slow}"
