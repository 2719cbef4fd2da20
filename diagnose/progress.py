"""What is said while measuring, on standard error: a live line on a terminal, one every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from diagnose import units
from diagnose.battery import Progress

EVERY_SECONDS = 10.0


class ProgressLine:
    """Prints how far the capture is. `stream` is standard error unless a test gives another."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        text = f"measured {progress.window} of {progress.windows} windows: {self._reads(progress)}"
        if self._live:
            self._stream.write(f"\r\x1b[K{text}" + ("\n" if progress.window >= progress.windows else ""))
        elif time.monotonic() - self._last >= EVERY_SECONDS or progress.window >= progress.windows:
            self._last = time.monotonic()
            self._stream.write(text + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the live line, so that what follows begins on a new one."""
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    @staticmethod
    def _reads(progress: Progress) -> str:
        if progress.reads is None:
            return "cgroup files and counters, no reads"
        missed = f"{units.count(progress.missed)} missed"
        return f"{units.count(progress.reads)} file reads in the last, {missed}"
