"""Standard streams that are closed, cannot show every character, or must not show a secret."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast

CANNOT_TAKE_MORE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What write(2) says where the file behind standard output has no room, or its disk fails."""


def prepare() -> None:
    """Put /dev/null where a stream was closed (>&-), and let a terminal without µ have the rest of the line.

    Left closed, its number would go to the next file opened, and what is meant for the stream into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one
    sys.stdout = sys.stdout or _writer(1)
    sys.stderr = sys.stderr or _writer(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Masked:
    """A text stream that masks what is written to it; everything else is the stream's own."""

    def __init__(self, stream: TextIO, hidden: Callable[[str], str]) -> None:
        self.stream, self._hidden = stream, hidden

    def write(self, text: str) -> int:
        self.stream.write(self._hidden(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def mask(hidden: Callable[[str], str]) -> None:
    """Have everything that is printed from now on pass through `hidden`, tracebacks included."""
    sys.stdout = cast(TextIO, _Masked(sys.stdout, hidden))
    sys.stderr = cast(TextIO, _Masked(sys.stderr, hidden))


def unmask() -> None:
    """Give the streams back as they were: a process may run several commands."""
    for name in ("stdout", "stderr"):
        while isinstance(stream := getattr(sys, name), _Masked):
            setattr(sys, name, stream.stream)


def _writer(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(number, "w", closefd=False), line_buffering=True)
