"""What the battery itself takes while it measures: CPU, resident memory, memory of its maps in the kernel."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from diagnose.cgroups import Hierarchy
from diagnose.lab.groups import remove
from diagnose.lab.names import own_name
from tests.benchmarks.overhead import reader
from tests.benchmarks.processes import MIB

SECONDS = 12
_MEASURING = """
import json, resource, sys, time
from pathlib import Path
from diagnose import pipeline
from diagnose.measure.schedule import plan
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import resolve

def now():
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    infos = [path.read_text() for path in Path("/proc/self/fdinfo").iterdir() if path.exists()]
    lines = [line for info in infos if "map_id" in info for line in info.splitlines()]
    maps = [int(line.split()[1]) for line in lines if "memlock" in line]
    return {"time": time.monotonic(), "cpu": used.ru_utime + used.ru_stime, "maps": sum(maps),
            "resident": int(status["VmRSS"].split()[0]) * 1024, "peak": int(status["VmHWM"].split()[0]) * 1024}

seen, hierarchy = [], Hierarchy.discover()
service, windows = resolve(sys.argv[1], hierarchy), plan(float(sys.argv[2]), 1.0)
pipeline.record(service, hierarchy, windows, lambda s: time.sleep(s), lambda _: seen.append(now()))
print(json.dumps([seen[0], seen[-1]]))
"""
"""A capture as `diagnose latency` makes it, that looks at itself at the end of every window."""


@contextmanager
def many(count: int) -> Iterator[None]:
    """Have that many further cgroups on the host."""
    top = Hierarchy.discover().directory(f"/{own_name()}-many")
    directories = [top, *(top / f"unit-{n}" for n in range(count))]
    try:
        for directory in directories:
            directory.mkdir()
        yield
    finally:
        for directory in reversed(directories):
            remove(directory)


def rows(repetitions: int) -> list[str]:
    """Return the Markdown table; CPU from the end of the first window to the end of the last."""
    lines = [
        "| Cgroups | CPU of a core | lowest, highest | Resident MiB | at most, while compiling | MiB of maps |",
        "|---:|---:|---|---:|---:|---:|",
    ]
    for count in (50, 2000):
        with reader("cached") as (_, command), many(count):
            found = [_measured(command) for _ in range(repetitions)]
        cpu = [share for share, _ in found]
        resident, peak, maps = (
            statistics.median(last[name] / MIB for _, last in found) for name in ("resident", "peak", "maps")
        )
        lines.append(
            f"| {count:,} | {statistics.median(cpu):.2%} | {min(cpu):.2%}, {max(cpu):.2%} | {resident:.0f} | "
            f"{peak:.0f} | {maps:.1f} |"
        )
    return lines


def _measured(command: list[str]) -> tuple[float, dict[str, float]]:
    """Return the share of a core, and how things stood at the end of the last window."""
    work = subprocess.Popen([*command[:-1], str(SECONDS + 30)], stdout=subprocess.DEVNULL)
    try:
        measuring = [sys.executable, "-c", _MEASURING, f"/{own_name()}/observed", str(SECONDS)]
        done = subprocess.run(measuring, check=True, capture_output=True, text=True)
    finally:
        work.terminate()
        work.wait()
    first, last = json.loads(done.stdout)
    return (last["cpu"] - first["cpu"]) / (last["time"] - first["time"]), last
