"""Signals that end a program: while measuring they end the capture early, elsewhere they raise, so that all is tidied.

The report is then made of what there is.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.measure.schedule import Wait

_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_SLICE_SECONDS = 0.2
"""So late is a signal noticed that another thread of this process got just before the wait began."""


@contextmanager
def stoppable() -> Iterator[Wait]:
    """Yield a sleep that returns True as soon as one of the signals comes, which then does nothing else.

    The signals are blocked and waited for, so that no system call is interrupted, whatever the capture is doing.
    Threads that libraries have started (numpy's) do not block them and may get them too: the handlers note those.
    """
    wanted, seen = _wanted(), list[int]()
    handlers = {number: signal.signal(number, lambda n, _frame: seen.append(n)) for number in wanted}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    try:
        yield partial(_wait, wanted, seen)
    finally:
        # A second Ctrl-C while the first was being served must not hit the making of the report.
        while _came(wanted, 0):
            continue
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def raised(error: Callable[[int], BaseException]) -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise `error`, made of their number, while inside.

    Not where they are ignored (nohup), nor where somebody handles them already.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        raise error(number)

    changed = []
    if threading.current_thread() is threading.main_thread():  # nobody else may set handlers
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, leave)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _wanted() -> frozenset[signal.Signals]:
    """Return the signals that end a capture: not a hang-up that nohup(1) has told this process to ignore."""
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return _SIGNALS - {signal.SIGHUP} if ignored else _SIGNALS


def _wait(signals: frozenset[signal.Signals], seen: list[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not seen:
        left = until - time.monotonic()
        if _came(signals, min(max(left, 0), _SLICE_SECONDS)):
            return True
        if left <= 0:
            break
    return bool(seen)


def _came(signals: frozenset[signal.Signals], seconds: float) -> bool:
    """Wait for one of the signals.

    After a pause (SIGSTOP) that outlasts the wait, CPython returns a record of no signal where None is due
    (Modules/signalmodule.c, signal_sigtimedwait_impl: the loop is left on EINTR with nothing filled in).
    """
    info = signal.sigtimedwait(signals, seconds)
    return info is not None and info.si_signo in signals
