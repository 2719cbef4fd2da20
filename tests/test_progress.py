"""What is said while measuring: live on a terminal, seldom elsewhere, and the last word always."""

from __future__ import annotations

import io

import pytest

from diagnose import progress
from diagnose.battery import Progress
from diagnose.progress import EVERY_SECONDS, ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def seen(window: int, windows: int = 60) -> Progress:
    return Progress(window=window, windows=windows, reads=12_345, missed=67)


def test_on_a_terminal_every_window_overwrites_the_line(clock: Clock) -> None:
    screen = Terminal()
    line = ProgressLine(screen)
    line(seen(1))
    line(seen(2))
    one, two = screen.getvalue().split("\r\x1b[K")[1:]
    assert one == "measured 1 of 60 windows: 12,345 file reads in the last, 67 missed"
    assert two.startswith("measured 2 of 60")
    assert "\n" not in screen.getvalue()


def test_the_last_window_ends_the_line(clock: Clock) -> None:
    screen = Terminal()
    ProgressLine(screen)(seen(60))
    assert screen.getvalue().endswith("missed\n")


def test_ending_leaves_a_clean_line(clock: Clock) -> None:
    screen = Terminal()
    line = ProgressLine(screen)
    line(seen(5))
    line.end()
    assert screen.getvalue().endswith("\r\x1b[K")


def test_elsewhere_a_line_comes_every_ten_seconds_and_at_the_end(clock: Clock) -> None:
    log = io.StringIO()
    line = ProgressLine(log)
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


def test_it_speaks_on_standard_error(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    ProgressLine()(seen(1, 1))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("measured 1 of 1 windows")
