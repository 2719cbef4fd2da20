"""What conditions came to, as sentences with what was measured."""

from __future__ import annotations

import pytest

from diagnose.report.wording.reasons import says
from diagnose.report.wording.writer import Names
from diagnose.rules.evaluate.result import Result
from tests.helpers.asked import BURSTS, ON_OFF, TOGETHER, ask, ask_of_neighbour

VALUES = {"x": 0.1, "n": 2.0, "w": 0.005, "p": 0.05, "r": 0.35, "c": 3.0, "d": 0.4}
LATENCY = "latency of buffered reads of regular files"
PAGES = "pages it added to the page cache"
MORE_WHILE_ON = f"/a: slow reads: 8 reads a window while {PAGES} are on, 1 read while they are off (Cliff's delta 1"
MANY = " ".join(str(value * 37 % 101) for value in range(60))
ANYBODY = {"for_each": "neighbour", "all": [{"fact": "neighbour.eviction_share", "at_least": "$x"}]}


def shape(latency: str) -> Result:
    return ask(
        {"two_modes": "reads.file_latency", "slow_weight_at_least": "$w"}, {"reads.file_latency": latency}, **VALUES
    )


def slow_share(bound: str, value: float) -> Result:
    return ask({"fact": "reads.slow_share", bound: "$x"}, {"reads.slow_share": value}, **VALUES)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (slow_share("at_least", 0.0001), "share of file reads that were slow (0.01 %) is below 10 %"),
        (slow_share("at_least", 0.5), "share of file reads that were slow (50 %) is at least 10 %"),
        (slow_share("above", 0.1), "share of file reads that were slow (10 %) is not above 10 %"),
        (slow_share("below", 0.1), "share of file reads that were slow (10 %) is not below 10 %"),
        (slow_share("at_most", 0.5), "share of file reads that were slow (50 %) is above 10 %"),
        (
            ask({"fact": "reads.slow", "above": "$n"}, {"reads.slow": "1 1"}, **VALUES),
            "slow reads (2 reads) are not above 2 reads",
        ),
        (
            ask({"not": {"fact": "reads.slow_share", "above": "$x"}}, {"reads.slow_share": 0.01}, **VALUES),
            "share of file reads that were slow (1 %) is not above 10 %",
        ),
        (
            shape("9900@1us 100@1ms"),
            f"{LATENCY} has two modes, 1 % of the reads at a median of 1 ms and the others at 1 µs",
        ),
        (shape("10000@1us"), f"{LATENCY} has one mode (one population describes the latencies as well)"),
        (
            ask_of_neighbour(TOGETHER, MANY, MANY, **VALUES),
            f"/a: slow reads and {PAGES}: rank correlation of differences 1 at a lag of 0 windows, chance < 0.0001 % "
            "(needed: at least 0.35, at most 5 %)",
        ),
        (ask_of_neighbour(TOGETHER, "5x59", MANY, **VALUES), f"/a: {PAGES} changed in no window, or always alike"),
        (
            ask_of_neighbour(ON_OFF, BURSTS, "1x9 8x9 1x9 8x9 1x9 8x9", **VALUES),
            f"{MORE_WHILE_ON}, 3 cycles of activity)",
        ),
        (
            ask_of_neighbour(ON_OFF, "0x29 90x29", "1x29 8x29", **VALUES),
            f"{MORE_WHILE_ON}, one onset is one observation)",
        ),
        (
            ask_of_neighbour(ON_OFF, "90x29 0x29", "8x29 1x29", **VALUES),
            f"{MORE_WHILE_ON}, active from the start: no onset was seen)",
        ),
        (ask_of_neighbour(ON_OFF, "90x59", "1x59", **VALUES), f"/a: {PAGES} do not come in bursts"),
        (
            ask_of_neighbour(ON_OFF, "9 9 9 0 9 9 9 0 9 9", "1x9", **VALUES),
            "/a: 8 windows in bursts and 2 windows outside them, at least 3 of each are needed",
        ),
        (ask(ANYBODY, {"evictions.of_service": "5x9"}, **VALUES), "there is no neighbour to blame"),
    ],
)
def test_what_was_measured_is_said(result: Result, said: str) -> None:
    (checked,) = result.reasons
    assert says(checked, VALUES, Names({}).writer()) == said


def test_one_window_is_no_windows() -> None:
    early, late = (" ".join(str(value * 37 % 101) for value in range(first, first + 60)) for first in (1, 0))
    (checked,) = ask_of_neighbour(TOGETHER, early, late, **VALUES).reasons
    assert "at a lag of 1 window, chance" in says(checked, VALUES, Names({}).writer())
