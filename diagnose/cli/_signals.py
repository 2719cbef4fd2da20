"""SIGTERM and SIGHUP outside a measurement: like Ctrl-C they end the command, with a line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def like_ctrl_c() -> Iterator[None]:
    """Have both raise KeyboardInterrupt inside; not where they are ignored (nohup) or somebody handles them already."""
    changed = []
    if threading.current_thread() is threading.main_thread():  # nobody else may set handlers
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _interrupt)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
