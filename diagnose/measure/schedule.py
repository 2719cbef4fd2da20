"""How long is measured, and when each window is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from diagnose.capture.bounds import MAX_WINDOWS
from diagnose.errors import UsageError

GRACE_SECONDS = 0.05
"""After the end of a window, so long until it is read: a program that was running at its end has finished by then."""

Wait = Callable[[float], bool]
"""Sleeps for so many seconds; returns True when the capture shall end early."""


@dataclass(frozen=True)
class Plan:
    """How long to measure: `windows` windows of `window_seconds`."""

    windows: int
    window_seconds: float


def plan(duration_seconds: float, window_seconds: float) -> Plan:
    """Return the plan for a duration; raises UsageError for one that cannot be measured."""
    if not 0.1 <= window_seconds <= 60:
        raise UsageError(f"--window is {window_seconds:g} s; windows of 0.1 to 60 s can be measured")
    if not window_seconds <= duration_seconds <= MAX_WINDOWS * window_seconds:
        raise UsageError(
            f"--duration is {duration_seconds:g} s; with windows of {window_seconds:g} s it can be "
            f"{window_seconds:g} to {MAX_WINDOWS * window_seconds:g} s"
        )
    return Plan(windows=int(duration_seconds / window_seconds + 1e-9), window_seconds=window_seconds)


def finished_windows(plan: Plan, start_ns: int, wait: Wait) -> Iterator[int]:
    """Yield how many windows are over, each time there are more, until the plan is fulfilled or `wait` says to end."""
    window_ns, grace_ns = int(plan.window_seconds * 1e9), int(GRACE_SECONDS * 1e9)
    done, ended = 0, False
    while done < plan.windows and not ended:
        due = start_ns + (done + 1) * window_ns + grace_ns
        ended = wait(max(0.0, (due - time.monotonic_ns()) / 1e9))
        elapsed = time.monotonic_ns() - start_ns - grace_ns
        finished = min(max(0, elapsed // window_ns), plan.windows)
        if finished > done:
            done = finished
            yield done
