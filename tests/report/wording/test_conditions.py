"""What conditions ask, as sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from diagnose.report.wording.conditions import label, outline, quantity, sentence
from tests.helpers.asked import ON_OFF, PARSE, TOGETHER

VALUES = {"x": 0.1, "n": 2.0, "w": 0.005, "t": 10.0, "s": 0.001, "p": 0.05, "r": 0.35, "c": 3.0, "d": 0.474}
LATENCY = "latency of buffered reads of regular files"
PAGES = "pages it added to the page cache"
SHAPE = {"two_modes": "reads.file_latency", "slow_weight_at_least": "$w"}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"fact": "reads.slow_share", "at_least": "$x"}, "share of file reads that were slow is at least 10 %"),
        ({"fact": "reads.slow", "below": "$n"}, "slow reads are below 2 reads"),
        (
            {"fact": "cache.refaults", "per": "reads.slow", "above": "$n"},
            "refaults of the service's pages, divided by slow reads is above 2 pages per read",
        ),
        ({"series": "reads.slow", "take": "max", "at_most": "$n"}, "highest slow reads is at most 2 reads"),
        (
            {"series": "reads.slow", "take": "windows_above", "than": "$n", "at_least": "$c"},
            "windows in which slow reads is above 2 reads is at least 3 windows",
        ),
        (SHAPE, f"{LATENCY} has two modes, the slow one of at least 0.5 %"),
        (
            {**SHAPE, "times_slower_at_least": "$t", "slow_latency_at_least": "$s"},
            f"{LATENCY} has two modes, the slow one of at least 0.5 %, at least 10 slower, at 1 ms or more",
        ),
        (
            TOGETHER,
            f"slow reads follow {PAGES} within a few windows (rank correlation of differences at least 0.35, corrected "
            "chance at most 5 %)",
        ),
        (
            ON_OFF,
            f"slow reads are higher in bursts of {PAGES} (Cliff's delta at least 0.474 over at least 3 cycles)",
        ),
    ],
)
def test_a_condition_is_a_sentence(condition: Mapping[str, object], said: str) -> None:
    assert sentence(PARSE.validate_python(condition), VALUES) == said


def test_groups_are_nested_lists() -> None:
    slow = {"fact": "reads.slow_share", "at_least": "$x"}
    condition = {"all": [{"any": [slow, {"not": slow}]}, {"for_each": "neighbour", "all": [slow]}]}
    said = sentence(PARSE.validate_python(slow), VALUES)
    assert outline(PARSE.validate_python(condition), VALUES) == [
        "- all of:",
        "  - any of:",
        f"    - {said}",
        "    - not:",
        f"      - {said}",
        "  - for at least one neighbour (those for which it holds are the culprits) all of:",
        f"    - {said}",
    ]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(0.05, "probability", "5 %"), (0.35, "correlation", "0.35"), (10, "times", "10"), (3, "cycles", "3 cycles")],
)
def test_a_quantity(value: float, unit: str, said: str) -> None:
    assert quantity(value, unit) == said


def test_a_fact_that_is_unknown_here_is_called_by_its_name() -> None:
    assert label("no.such_fact") == "no.such_fact"
