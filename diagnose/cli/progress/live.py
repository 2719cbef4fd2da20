"""Draws the live view in place, below what is on the screen: no alternate screen, no hidden cursor, no thread.

So whatever ends this process, `kill -9` included, the terminal is as it was, and what was above the view still is.
Nothing is drawn but on a finished window, at most four times a second, and never to a terminal that does not take it.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import TextIO

from rich.console import Console
from rich.text import Text

from diagnose.cli.progress.lines import sentence
from diagnose.cli.progress.view import view
from diagnose.measure.progress import Progress

REDRAW_SECONDS = 0.25
_ASCII = str.maketrans({"█": "#", "━": "=", "·": ".", "µ": "u", "…": "~"})


class Live:
    """A view of the capture that is drawn over at every window, and is a single line in the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console = Console(file=stream, force_terminal=True, highlight=False, emoji=False, markup=False)
        self._drawn: list[int] = []
        """The widths of the lines of the view that is on the screen."""
        self._last: Progress | None = None
        self._next = 0.0
        self._gone = False
        self._continued = signal.signal(signal.SIGCONT, self._start_anew)

    def __call__(self, progress: Progress) -> None:
        self._last = progress
        now = time.monotonic()
        if now >= self._next:
            self._next = now + REDRAW_SECONDS
            # The last column and the last row stay free: a cursor there makes terminals wrap and scroll.
            self._show(lambda size: view(progress, size.columns - 1, size.lines - 1))

    def end(self) -> None:
        """Replace the view by one line that says what was seen, and give the signal back."""
        signal.signal(signal.SIGCONT, signal.SIG_DFL if self._continued is None else self._continued)
        last = self._last
        self._show(lambda _size: [Text(sentence(last))] if last else [])
        self._drawn = []

    def _show(self, lines: Callable[[os.terminal_size], list[Text]]) -> None:
        """Draw what fits the terminal as it is now; one that was closed costs nobody the measurement.

        Its hang-up ends the capture as Ctrl-C does (stopping.py).
        """
        if self._gone:
            return
        try:
            if self._ready():
                size = os.get_terminal_size(self._stream.fileno())
                self._draw(lines(size), size.columns)
        except OSError:
            self._gone = True

    def _draw(self, lines: list[Text], columns: int) -> None:
        """Write all at once, over what was drawn before."""
        with self._console.capture() as captured:
            for line in lines:
                self._console.print(line, soft_wrap=True)
        text = f"{self._back(columns)}{captured.get()}"
        if not (self._stream.encoding or "").lower().startswith("utf"):
            text = text.translate(_ASCII)
        self._stream.write(text)
        self._stream.flush()
        self._drawn = [line.cell_len for line in lines]

    def _back(self, columns: int) -> str:
        """Return what moves the cursor to where the view begins, and clears from there.

        A terminal that has become narrower since has wrapped the lines that no longer fit.
        """
        rows = sum(max(1, -(-width // columns)) for width in self._drawn)
        return f"\r\x1b[{rows}A\x1b[J" if rows else "\r\x1b[J"

    def _ready(self) -> bool:
        """Tell whether the terminal is there, takes output, and is ours: a job in the background does not draw."""
        _, writable, _ = select.select([], [self._stream.fileno()], [], 0)
        ours = _in_foreground(self._stream.fileno())
        if not ours:
            self._drawn = []
        return bool(writable) and ours

    def _start_anew(self, _number: int, _frame: FrameType | None) -> None:
        """After Ctrl-Z and fg, the shell has written below the view: the next one begins below that."""
        self._drawn = []


def _in_foreground(terminal: int) -> bool:
    """Tell whether the terminal's job is ours; where it is not our controlling terminal there are no jobs."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True
