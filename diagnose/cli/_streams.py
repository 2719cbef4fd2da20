"""Standard streams that are closed, or cannot show every character."""

from __future__ import annotations

import errno
import io
import os
import sys

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


def _writer(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(number, "w", closefd=False), line_buffering=True)
