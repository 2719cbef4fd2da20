"""What watching costs those who are watched: ns a read of a cached page, ns a page brought in and evicted."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups import Hierarchy
from diagnose.lab.data import write_blocks
from diagnose.lab.folder import data_folder
from diagnose.lab.groups import cgroups
from diagnose.lab.owners import own_name
from tests.benchmarks.tracers import Tracer, tracers

SOURCE = Path(__file__).with_name("reads.c")
MIB = 1 << 20
SECONDS = 1.5
HOT_FILE, DATA_SET, LIMIT = 32 * MIB, 512 * MIB, 160 * MIB


@dataclass(frozen=True)
class Cost:
    """Nanoseconds an operation: the median of the repetitions' medians, with the lowest and the highest of them."""

    tracer: str
    ns: float
    low: float
    high: float
    cpu_share: float
    """Of the time of who reads, spent on a CPU; the median of the repetitions."""
    lost: int | None
    """Events that the tracer saw and did not count, in all; None: it does not say."""


@dataclass(frozen=True)
class Stage:
    """A cgroup to be watched, with a folder on a real disk, and who may watch it."""

    watchers: dict[str, Tracer]
    folder: Path
    join: list[str]
    """In front of a command: runs it in the watched cgroup."""


@contextmanager
def stage() -> Iterator[Stage]:
    """Yield a watched cgroup, and another beside it, below one memory limit."""
    hierarchy, top = Hierarchy.discover(), f"/{own_name()}"
    with (
        data_folder(DATA_SET) as folder,
        cgroups(hierarchy, top, LIMIT, {"observed": None, "other": None}, print) as directories,
    ):
        join = ["sh", "-c", f'echo $$ > {directories["observed"]}/cgroup.procs; exec "$@"', "sh"]
        yield Stage(tracers(hierarchy, f"{top}/observed", f"{top}/other"), folder, join)


@contextmanager
def reader(mode: str) -> Iterator[tuple[dict[str, Tracer], list[str]]]:
    """Yield the tracers and the command that times reads in the watched cgroup."""
    with stage() as on:
        program, data = on.folder / "reads", on.folder / "data"
        subprocess.run(["gcc", "-O2", "-o", program, SOURCE], check=True)
        write_blocks(data, HOT_FILE if mode == "cached" else DATA_SET)
        command = [*on.join, str(program), mode, str(data), str(SECONDS)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # the file is in the cache from here on
        yield on.watchers, command


def measure(mode: str, repetitions: int) -> list[Cost]:
    """Time the reads under each tracer in turn, `repetitions` times over, so that a drift of the machine hits all."""
    with reader(mode) as (watchers, command):
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in watchers}
        lost: dict[str, list[int]] = {name: [] for name in watchers}
        for _ in range(repetitions):
            for name, watcher in watchers.items():
                with watcher() as uncounted:
                    seen[name].append(_timed(command))
                lost[name] += uncounted if isinstance(uncounted, list) else []
    return [_cost(name, runs, lost[name]) for name, runs in seen.items()]


def _timed(command: list[str]) -> tuple[float, float]:
    """Run the reads; return the median of their ns an operation, and the share of the time spent on a CPU."""
    cpu, start = _children_cpu(), time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    share = (_children_cpu() - cpu) / (time.monotonic() - start)
    return statistics.median(map(float, done.stdout.split())), share


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cost(name: str, runs: list[tuple[float, float]], lost: list[int]) -> Cost:
    ns, shares = [r[0] for r in runs], [r[1] for r in runs]
    return Cost(name, statistics.median(ns), min(ns), max(ns), statistics.median(shares), sum(lost) if lost else None)


def table(costs: list[Cost], operation: str) -> list[str]:
    """Return the Markdown table: what each tracer adds, and how that compares with the floor."""
    base = costs[0].ns
    floor = next(c.ns for c in costs if c.tracer == "empty programs") - base
    lines = [
        f"| Watched by | ns a {operation} | lowest, highest | added | × floor | on a CPU | events lost |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    for c in costs:
        added = c.ns - base
        times = f"{added / floor:.2f}" if c is not costs[0] and floor > 0 else "–"
        cells = (c.tracer, f"{c.ns:.0f}", f"{c.low:.0f}, {c.high:.0f}", f"{added:+.0f}", times, f"{c.cpu_share:.0%}")
        lines.append(f"| {' | '.join(cells)} | {'–' if c.lost is None else f'{c.lost:,}'} |")
    return lines
