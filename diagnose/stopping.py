"""Ctrl-C and SIGTERM while measuring: they end the capture early, and the report is made of what there is."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from diagnose.battery import Wait

_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


def _wanted() -> frozenset[signal.Signals]:
    """Return the signals that end a capture: not a hang-up that nohup(1) has told this process to ignore."""
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return _SIGNALS - {signal.SIGHUP} if ignored else _SIGNALS


@contextmanager
def stoppable() -> Iterator[Wait]:
    """Yield a sleep that returns True as soon as one of the signals comes, which then does nothing else.

    The signals are blocked and waited for, not handled: no code runs in between, whatever the capture is doing.
    """
    wanted = _wanted()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    try:
        yield partial(_wait, wanted)
    finally:
        # A second Ctrl-C while the first was being served must not hit the making of the report.
        while signal.sigtimedwait(wanted, 0) is not None:
            continue
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(signals: frozenset[signal.Signals], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if signal.sigtimedwait(signals, left) is not None:
            return True
    return signal.sigtimedwait(signals, 0) is not None
