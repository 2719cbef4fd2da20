"""The wall clock steps while a capture is running."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime

from tests.helpers.tool import Tool
from tests.soak.scene import Scene, reader

STEP_SECONDS = 2.0
STEPPED_SECONDS = 1.2
START_SECONDS = 2.0


def clock(scene: Scene, seconds: float) -> str:
    """The wall clock stepped 2 s forwards, back, 2 s backwards, and set right again."""
    begun = []

    def steps(tool: Tool) -> None:
        begun.append(time.time())
        for step in (STEP_SECONDS, -STEP_SECONDS):
            time.sleep(0.5)
            stepped(step)

    ending = scene.measured([reader(scene, 4)], steps)
    if ending.capture is not None:
        start = datetime.strptime(ending.capture.start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        if abs(start - begun[0]) > START_SECONDS:
            scene.faults.append(f"the capture says that it began {start - begun[0]:+.1f} s from when it did")
        if not 8 <= ending.capture.windows <= 14:
            scene.faults.append(f"{ending.capture.windows} windows of 0.5 s in some 5 s")
    return f"±{STEP_SECONDS:.0f} s"


def stepped(by: float) -> None:
    """Step the clock for a moment in a process of its own that no signal but SIGKILL ends before it is set right."""
    pid = os.fork()
    if pid:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status == 0, f"the clock could not be stepped here (status {status})"
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.monotonic_ns()
    try:
        time.clock_settime_ns(time.CLOCK_REALTIME, time.monotonic_ns() + offset + int(by * 1e9))
        time.sleep(STEPPED_SECONDS)
    except OSError:
        os._exit(1)
    finally:
        time.clock_settime_ns(time.CLOCK_REALTIME, time.monotonic_ns() + offset)
    os._exit(0)
