"""Which of the ways to show progress is taken: by option, by what the stream is, by what the terminal can do."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from diagnose.progress import Lines, Silence, watcher
from diagnose.progress.live import Live
from tests.progress.examples import seen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    monkeypatch.setenv("TERM", "xterm-256color")
    ours, theirs = pty.openpty()
    resize(theirs, 24, 80)
    with os.fdopen(theirs, "w") as stream:
        yield stream
    os.close(ours)


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
