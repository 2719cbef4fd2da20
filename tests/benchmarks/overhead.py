"""What watching costs those who are watched: ns a read of a cached page, ns a page brought in and evicted."""

from __future__ import annotations

import resource
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups import Hierarchy
from diagnose.lab.data_files import write_blocks
from diagnose.lab.folder import data_folder
from diagnose.lab.groups import cgroups
from diagnose.lab.names import own_name
from tests.benchmarks.tracers import Tracer, tracers

SOURCE = Path(__file__).with_name("reads.c")
MIB = 1 << 20
SECONDS = 1.5
ROUNDS = 3
"""A repetition, of cached reads: a difference of tens of nanoseconds is sought in some six hundred."""
HOT_FILE, DATA_SET, LIMIT = 32 * MIB, 512 * MIB, 160 * MIB
BATCH = {"cached": 4096, "stream": 8192}
"""Operations in each of the program's batches."""


@dataclass(frozen=True)
class Run:
    """One run of the reads: ns an operation, the median of its batches; CPU time of the reader, ns an operation."""

    ns: float
    cpu_ns: float


@dataclass(frozen=True)
class Cost:
    """What an operation takes under a tracer, over the repetitions."""

    tracer: str
    runs: list[Run]
    lost: list[int]
    """Events that the tracer saw and did not count, a figure a repetition; empty: it does not say."""

    def median(self, of: str) -> float:
        return statistics.median(getattr(run, of) for run in self.runs)


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
        costs = [Cost(name, [], []) for name in watchers]
        for _ in range(repetitions):
            for cost in costs:
                with watchers[cost.tracer]() as uncounted:
                    cost.runs.append(_run(command, BATCH[mode]))
                cost.lost.extend(uncounted if isinstance(uncounted, list) else [])
    return costs


def _run(command: list[str], batch: int) -> Run:
    before = _children_cpu()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    batches = [float(ns) for ns in done.stdout.split()]
    return Run(statistics.median(batches), 1e9 * (_children_cpu() - before) / (len(batches) * batch))


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_table(costs: list[Cost]) -> list[str]:
    """Return the Markdown table of reads of cached pages: what each tracer adds, and how much of the floor it is.

    Both are taken within a round, against what was measured seconds before; the medians of the rounds are shown.
    """
    lines = [
        "| Watched by | ns a read | lowest, highest | added | × floor | lowest, highest |",
        "|---|---:|---|---:|---:|---|",
    ]
    floor = _added(next(c for c in costs if c.tracer == "empty programs"), costs[0])
    for c in costs:
        added, ns = _added(c, costs[0]), [run.ns for run in c.runs]
        times = [a / f for a, f in zip(added, floor, strict=True) if f > 0] if c is not costs[0] else []
        ratio = f"{statistics.median(times):.2f} | {min(times):.2f}, {max(times):.2f}" if times else "– | –"
        spread = f"{min(ns):.0f}, {max(ns):.0f}"
        lines.append(f"| {c.tracer} | {c.median('ns'):.0f} | {spread} | {statistics.median(added):+.0f} | {ratio} |")
    return lines


def _added(cost: Cost, base: Cost) -> list[float]:
    """Return what a tracer adds to an operation, ns, a figure a round."""
    return [run.ns - unwatched.ns for run, unwatched in zip(cost.runs, base.runs, strict=True)]


def page_table(costs: list[Cost]) -> list[str]:
    """Return the Markdown table of pages brought in and evicted: the device sets the pace, CPU time is the cost."""
    lines = [
        "| Watched by | CPU ns a page | lowest, highest | added | ns a page | share on a CPU | events lost |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    for c in costs:
        cpu, ns = c.median("cpu_ns"), c.median("ns")
        each = [run.cpu_ns for run in c.runs]
        cells = (c.tracer, f"{cpu:.0f}", f"{min(each):.0f}, {max(each):.0f}", f"{cpu - costs[0].median('cpu_ns'):+.0f}")
        lost = f"{sum(c.lost):,}" if c.lost else "–"
        lines.append(f"| {' | '.join(cells)} | {ns:.0f} | {cpu / ns:.0%} | {lost} |")
    return lines
