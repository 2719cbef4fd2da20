"""From the command to the first window, and the commands that must be there at once."""

from __future__ import annotations

import statistics
import subprocess
import sys

from diagnose.lab.owners import own_name
from tests.benchmarks import processes
from tests.benchmarks.overhead import reader

_FIRST_WINDOW = """
import os, sys, time
from pathlib import Path
from diagnose import pipeline
from diagnose.battery import plan
from diagnose.cgroups import Hierarchy
import diagnose.cli
from diagnose.service import resolve

hierarchy = Hierarchy.discover()
started = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
ended = []
seen = lambda _: ended.append(time.monotonic())
pipeline.record(resolve(sys.argv[1], hierarchy), hierarchy, plan(0.5, 0.5), time.sleep, seen)
print(ended[0] - 0.5 - started)
"""
"""Everything that the command does until its first window is over; the clock began when the process was made."""


def rows(repetitions: int) -> list[str]:
    """Return the Markdown table."""
    python = [sys.executable, "-m", "diagnose.cli"]
    imports = [sys.executable, "-c", "import diagnose.pipeline"]
    first = _first_window(repetitions)
    lines = ["| What | Seconds (median) |", "|---|---:|", f"| process start to the first window | {first:.2f} |"]
    for name, command in (("`--help`", [*python, "--help"]), ("import of the package, without bcc", imports)):
        lines.append(f"| {name} | {processes.median(command, repetitions).seconds:.2f} |")
    return lines


def _first_window(repetitions: int) -> float:
    with reader("cached"):
        commands = [[sys.executable, "-c", _FIRST_WINDOW, f"/{own_name()}/observed"]] * repetitions
        outputs = [subprocess.run(c, check=True, capture_output=True, text=True).stdout for c in commands]
    return statistics.median(float(o) for o in outputs)
