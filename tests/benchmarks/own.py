"""What the battery itself takes while it measures: CPU, resident memory, memory of its maps in the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diagnose.cgroups import Hierarchy
from diagnose.lab.groups import remove
from diagnose.lab.owners import own_name
from tests.benchmarks.overhead import reader
from tests.benchmarks.processes import MIB

SECONDS, SETTLED = 12, 3


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


def rows() -> list[str]:
    """Return the Markdown table."""
    lines = ["| Cgroups | CPU of a core | Resident MiB | MiB of maps |", "|---:|---:|---:|---:|"]
    for count in (50, 2000):
        with reader("cached") as (_, command), many(count), tempfile.TemporaryDirectory() as folder:
            work = subprocess.Popen([*command[:-1], str(SECONDS + 5)], stdout=subprocess.DEVNULL)
            measuring = subprocess.Popen(
                [sys.executable, "-m", "diagnose.cli", "latency", "--service", f"/{own_name()}/observed",
                 "--duration", str(SECONDS), "--output", f"{folder}/report"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(SETTLED)
            cpu, resident, maps = _cost(measuring.pid, SECONDS - 2 * SETTLED)
            measuring.wait()
            work.terminate()
            work.wait()
        lines.append(f"| {count:,} | {cpu:.2%} | {resident / MIB:.0f} | {maps / MIB:.1f} |")
    return lines


def _cost(pid: int, seconds: float) -> tuple[float, int, int]:
    before = _ticks(pid)
    time.sleep(seconds)
    cpu = (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / seconds
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    infos = [path.read_text() for path in Path(f"/proc/{pid}/fdinfo").iterdir()]
    maps = [
        int(line.split()[1]) for info in infos if "map_id" in info for line in info.splitlines() if "memlock" in line
    ]
    return cpu, int(status["VmHWM"].split()[0]) * 1024, sum(maps)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
