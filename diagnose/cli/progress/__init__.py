"""What is said while measuring, on standard error: a live view on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Protocol, TextIO

from diagnose.cli.progress.lines import EVERY_SECONDS, Lines
from diagnose.measure.progress import Evicted, Progress, WindowSeen

__all__ = ["EVERY_SECONDS", "Evicted", "Lines", "Progress", "Silence", "Watcher", "WindowSeen", "chosen", "watcher"]

LEAST_COLUMNS = 40
"""Narrower than this, a live view would say less than a line that wraps."""


class Watcher(Protocol):
    """Is told of every window, and of the end, which also comes when the capture fails."""

    def __call__(self, progress: Progress) -> None: ...
    def end(self) -> None: ...


class Silence:
    def __call__(self, progress: Progress) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


def watcher(mode: str = "auto", stream: TextIO | None = None) -> Watcher:
    """Return what `--progress` asks for; "auto" and "live" are lines where `stream` cannot draw.

    `stream` is standard error unless given.
    """
    return chosen(mode, stream)()


def chosen(mode: str, stream: TextIO | None = None) -> Callable[[], Watcher]:
    """Look at the stream now, and return what makes the watcher later (`watcher`)."""
    stream = stream or sys.stderr
    if mode == "none":
        return Silence
    return partial(Lines if mode == "plain" or not can_draw(stream) else _live, stream)


def _live(stream: TextIO) -> Watcher:
    from diagnose.cli.progress.live import Live  # rich is loaded for terminals alone

    return Live(stream)


def can_draw(stream: TextIO) -> bool:
    """Tell whether this is a terminal that can move its cursor and has some room."""
    if not stream.isatty() or os.environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        return False
    return os.get_terminal_size(stream.fileno()).columns >= LEAST_COLUMNS
