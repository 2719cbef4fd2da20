"""Files that a user named, read whole: bounded in bytes, and in time where they are no files but pipes."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

SILENCE_SECONDS = 30.0
"""So long a pipe may say nothing: nobody may ever write to it."""
MOST_SECONDS = 600.0
"""So long a pipe may take: a byte now and then would never end."""
_CHUNK = 1 << 20


def content(path: Path, most_bytes: int) -> bytes:
    """Return what a file holds, up to one byte more than `most_bytes`; raises OSError, of which TimeoutError says in
    its `strerror` how long was waited.

    Pipes are read as well (`<(ssh host …)`, a FIFO), devices up to the bound.
    """
    # O_NONBLOCK: opening a named pipe must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return bytes(_read(descriptor, most_bytes + 1))
    finally:
        os.close(descriptor)


def _read(descriptor: int, wanted: int) -> bytearray:
    poll, end, read = select.poll(), time.monotonic() + MOST_SECONDS, bytearray()
    poll.register(descriptor, select.POLLIN)
    while len(read) < wanted:
        patience = min(SILENCE_SECONDS, end - time.monotonic())
        if patience <= 0:
            raise TimeoutError(None, f"it did not end within {MOST_SECONDS:g} s")
        if not poll.poll(patience * 1000):
            raise TimeoutError(None, f"nobody wrote to it for {patience:.3g} s")
        try:
            part = os.read(descriptor, min(_CHUNK, wanted - len(read)))
        except BlockingIOError:
            continue  # somebody else read it first
        if not part:
            break
        read += part
    return read
