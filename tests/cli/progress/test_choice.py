"""Which of the ways to show progress is taken: by option, by what the stream is, by what the terminal can do."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from typing import BinaryIO, TextIO

import pytest

from diagnose.cli.progress import Lines, Silence, watcher
from diagnose.cli.progress.live import Live
from tests.helpers.progress_examples import seen

SCREENS: dict[TextIO, BinaryIO] = {}
"""The other side of each terminal: what is written to it can be read here."""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    monkeypatch.setenv("TERM", "xterm-256color")
    ours, theirs = pty.openpty()
    resize(theirs, 24, 80)
    with os.fdopen(theirs, "w") as stream, os.fdopen(ours, "rb", buffering=0) as screen:
        SCREENS[stream] = screen
        yield stream
        del SCREENS[stream]


def resize(descriptor: int, rows: int, columns: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def chosen(mode: str, stream: TextIO) -> type:
    watching = watcher(mode, stream)
    watching.end()
    return type(watching)


def test_a_terminal_gets_the_live_view(terminal: TextIO) -> None:
    assert [chosen(mode, terminal) for mode in ("auto", "live", "plain", "none")] == [Live, Live, Lines, Silence]


@pytest.mark.parametrize("kind", ["dumb", "", "unknown"])
def test_a_terminal_that_cannot_draw_gets_lines(kind: str, terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", kind)
    assert chosen("auto", terminal) is Lines
    assert chosen("live", terminal) is Lines


def test_a_terminal_with_no_room_gets_lines(terminal: TextIO) -> None:
    resize(terminal.fileno(), 24, 39)
    assert chosen("auto", terminal) is Lines
    resize(terminal.fileno(), 24, 40)
    assert chosen("auto", terminal) is Live


def test_a_log_gets_lines_whatever_is_asked_for() -> None:
    assert [chosen(mode, io.StringIO()) for mode in ("auto", "live", "plain", "none")] == [Lines, Lines, Lines, Silence]


def test_it_speaks_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    watcher()(seen(1, 1))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("measured 1 of 1 windows")


def test_none_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    watching = watcher("none")
    watching(seen(1, 1))
    watching.end()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_without_job_control_is_drawn_to(terminal: TextIO) -> None:
    watching = watcher("live", terminal)
    watching(seen(1, 1))
    watching.end()
    os.set_blocking(SCREENS[terminal].fileno(), False)
    drawn = b"".join(iter(lambda: SCREENS[terminal].read(65536), None)).decode()
    assert "top evictor" in drawn
    assert drawn.rstrip().endswith("most by /dg/batch")


def test_a_terminal_that_is_gone_costs_nothing_but_the_view(terminal: TextIO) -> None:
    watching = watcher("live", terminal)
    watching(seen(1, 9))
    SCREENS[terminal].close()
    watching(seen(9, 9))
    watching.end()
