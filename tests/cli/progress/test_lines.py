"""Lines: one every ten seconds, and the last word always."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from diagnose.cli.progress import EVERY_SECONDS, Evicted, Lines, lines
from diagnose.cli.progress.lines import sentence
from tests.helpers.progress_examples import seen


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lines, "time", clock)
    return clock


def test_a_line_comes_every_ten_seconds_and_at_the_end(clock: Clock) -> None:
    log = io.StringIO()
    line = Lines(log)
    for window in range(1, 26):
        clock.now += 1
        line(seen(window, 25))
    line.end()
    assert [text.split(":")[0] for text in log.getvalue().splitlines()] == [
        "measured 10 of 25 windows",
        "measured 20 of 25 windows",
        "measured 25 of 25 windows",
    ]
    assert "\x1b" not in log.getvalue()
    assert "\r" not in log.getvalue()
    assert EVERY_SECONDS == 10


def test_a_line_says_everything_in_words() -> None:
    assert sentence(seen()) == (
        "measured 37 of 120 windows: 12,345 file reads in the last, 67 missed; hit ratio 98.8 % so far; "
        "11,586 pages evicted, most by /dg/batch"
    )


def test_what_is_not_known_is_left_out() -> None:
    bare = seen(hit_ratio=None, hit_ratio_so_far=None, evicted=None, missed=None)
    assert sentence(bare) == "measured 37 of 120 windows: 12,345 file reads in the last"
    assert sentence(seen(reads=None, missed=None, hit_ratio_so_far=None, evicted=Evicted(0))) == (
        "measured 37 of 120 windows: reads are not measured"
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "the host's own reclaim"),
        (None, "a cgroup that is gone"),
        ("/a\nb\x1b[2J", "/a␤b\\x1b[2J"),
    ],
)
def test_who_evicted_most(path: str | None, said: str) -> None:
    assert sentence(seen(evicted=Evicted(5, path, 5))).endswith(f"5 pages evicted, most by {said}")


def test_a_reader_that_is_gone_costs_nobody_the_measurement() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as log, Path(os.devnull).open("w") as nowhere:
        line = Lines(log)
        line(seen(1, 1))
        reader.close()
        line(seen(2, 2))
        line.end()
        os.dup2(nowhere.fileno(), log.fileno())  # what could not be written is written when it is closed
