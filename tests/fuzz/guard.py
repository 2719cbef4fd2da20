"""Limits around an example: CPU time, so that a hang is an error, and memory, so that a bomb is one."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

CPU_SECONDS = 20.0
"""Of this process: a busy machine makes nothing hang. The slowest good example takes less than a second."""
MEMORY_BYTES = 1 << 30
"""On top of what the process has mapped already."""


class HangError(BaseException):
    """No Exception, so that nothing in the product swallows it."""


@contextmanager
def guarded() -> Iterator[None]:
    """Run with bounded CPU time and address space; raises HangError, or MemoryError where that is not bounded by
    the product itself."""
    before = signal.signal(signal.SIGPROF, _hang)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped_bytes() + MEMORY_BYTES, hard))
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _hang(_signal: int, _frame: FrameType | None) -> None:
    raise HangError(f"more than {CPU_SECONDS:g} s of CPU time")


def _mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
