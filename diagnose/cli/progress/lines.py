"""A line every ten seconds: for logs, pipes, screen readers and terminals that cannot draw."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TextIO

from diagnose import units
from diagnose.escape import Visible, visible
from diagnose.measure.progress import Evicted, Progress

EVERY_SECONDS = 10.0


class Lines:
    """Prints how far the capture is, every ten seconds and at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self._last >= EVERY_SECONDS or progress.window >= progress.windows:
            self._last = time.monotonic()
            with suppress(OSError):  # whoever read it is gone (| head): the measurement goes on
                self._print(sentence(progress))

    def _print(self, line: Visible) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        """Nothing is left on the screen that would have to go."""


def sentence(progress: Progress) -> Visible:
    """Return how far the capture is and what it saw, on one line."""
    parts = [_reads(progress)]
    if progress.hit_ratio_so_far is not None:
        parts.append(f"hit ratio {units.percent(progress.hit_ratio_so_far)} so far")
    if progress.evicted is not None and progress.evicted.pages:
        parts.append(f"{units.pages(progress.evicted.pages)} evicted, most by {evictor(progress.evicted)}")
    return visible(f"measured {progress.window} of {progress.windows} windows: {'; '.join(parts)}")


def evictor(evicted: Evicted) -> Visible:
    """Return who evicted most of the service's pages, as one reads it."""
    if evicted.most_by is None:
        return visible("a cgroup that is gone" if evicted.pages else "nobody")
    return visible("the host's own reclaim" if evicted.most_by == "/" else evicted.most_by)


def _reads(progress: Progress) -> str:
    if progress.reads is None:
        return "reads are not measured"
    missed = "" if progress.missed is None else f", {units.count(progress.missed)} missed"
    return f"{units.count(progress.reads)} file reads in the last{missed}"
