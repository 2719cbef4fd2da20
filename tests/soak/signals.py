"""Stopped, woken, interrupted and killed, at moments that nobody chose."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from tests.helpers.tool import Tool, bpf_ids, left_of
from tests.soak.scene import Scene, reader

PAUSE_SECONDS = 10.0
LIFE_SECONDS = 5.0
"""Start-up, a capture of 2 s, the report: a random moment within it is anywhere in the tool's life."""
KILLS = 10


def paused(scene: Scene, seconds: float) -> str:
    """SIGSTOP for 10 s in the middle, in windows of 1 s (the kernel keeps 16 of reads) and of 0.25 s (it cannot)."""

    def stopped(tool: Tool) -> None:
        time.sleep(1.5)
        tool.process.send_signal(signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        tool.process.send_signal(signal.SIGCONT)

    for window in (1.0, 0.25):
        ending = scene.measured([reader(scene, PAUSE_SECONDS + 4)], stopped, window=window)
        lost = ending.capture.lost.get("read_slots_not_drained", 0) if ending.capture else 0
        if ending.capture and (lost > 0) != (window < 1):
            scene.faults.append(f"windows of {window} s: {lost} reads lost")
    return f"{PAUSE_SECONDS:.0f} s"


def killed(scene: Scene, seconds: float) -> str:
    """SIGKILL at random moments of the tool's life."""
    _at_random(scene, signal.SIGKILL)
    return f"{KILLS} kills"


def interrupted(scene: Scene, seconds: float) -> str:
    """SIGINT and SIGTERM at random moments of the tool's life: a report, or one line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        _at_random(scene, number)
    return f"{2 * KILLS} signals"


def _at_random(scene: Scene, number: signal.Signals) -> None:
    choose = random.Random()
    for _ in range(KILLS):
        worker = reader(scene, 1.0)
        worker.begin()
        output, moment = scene.new_output(), choose.uniform(0.0, LIFE_SECONDS)
        with scene.tool(output, "--window", "0.5", "--duration", "2") as tool:
            time.sleep(moment)
            ids, listening = bpf_ids(tool.process.pid), listens(tool.process.pid)
            ending = scene.end(tool, output, number, judged=listening)
        worker.finish()
        worker.end()
        scene.faults += [f"{kind} {n} stays after {ending.said} at {moment:.2f} s" for kind, n in left_of(ids)]
        if ending.code not in (0, 1) and output.exists():
            left = sorted(path.name for path in output.iterdir())
            scene.faults.append(f"{ending.said} at {moment:.2f} s, and left {left}")
        if ending.code < 0 and number != signal.SIGKILL and listening:
            scene.faults.append(f"{ending.said} at {moment:.2f} s without a word")


def listens(pid: int) -> bool:
    """Tell whether a process handles SIGTERM, which it cannot before its interpreter has started."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next((int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:")), 0)
    return bool(caught >> (signal.SIGTERM - 1) & 1)
