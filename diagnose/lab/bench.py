"""`running()`: sets a scenario up, warm, and removes every trace of it afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from diagnose.errors import CannotMeasureError, UsageError
from diagnose.histogram import percentile
from diagnose.lab import controls, groups, pace
from diagnose.lab import counters as count
from diagnose.lab import folder as folders
from diagnose.lab.owners import own_name
from diagnose.lab.scenarios import SCENARIOS
from diagnose.lab.workloads import Actor, Scenario
from diagnose.measure.stopping import raised

STEPS = ("writing the data files", "warming the cache")
STEP_SECONDS = 120.0
"""A step that takes longer has failed: the files are at most a few GiB."""
SETTLE_SECONDS = 0.5
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Truth:
    """What the workloads counted themselves since the scenario was set up; None: nobody plays that part."""

    reads: int
    slow_reads: int
    device_read_bytes: int
    """What the service's reads made the device read (getrusage(2)): the pages that were not cached."""
    streamed_bytes: int | None
    p50_ns: float | None
    p99_ns: float | None


@dataclass
class _Worker:
    actor: Actor
    process: subprocess.Popen[str]
    counters: count.Counters
    complaints: IO[str]

    def check(self) -> None:
        """Raise CannotMeasureError with the last line it printed if the process has ended."""
        status = self.process.poll()
        if status is None:
            return
        self.complaints.seek(0)
        last = (self.complaints.read().strip().splitlines() or ["no message"])[-1]
        raise CannotMeasureError(f"the demo's {self.actor.role} process ended with status {status}: {last}")


class Lab:
    """A scenario that is running. Cgroups are paths in the memory hierarchy."""

    def __init__(self, scenario: Scenario, parent: str, workers: list[_Worker]) -> None:
        self.scenario = scenario
        self.parent = parent
        self.service = f"{parent}/service"
        self.culprit = f"{parent}/{scenario.culprit}" if scenario.culprit else None
        self.accomplices = [f"{parent}/{role}" for role in scenario.accomplices]
        self._workers = {worker.actor.role: worker for worker in workers}
        self._start = self._snapshots()

    def alive(self) -> bool:
        """Say whether all workloads still run."""
        return all(worker.process.poll() is None for worker in self._workers.values())

    def truth(self) -> Truth:
        """Return what the workloads counted since the scenario was set up."""
        now = self._snapshots()
        service = now["service"] - self._start["service"]
        batch = now["batch"] - self._start["batch"] if "batch" in now else None
        bins = count.histogram_of(service)
        return Truth(
            reads=int(service[count.READS]),
            slow_reads=int(service[count.SLOW]),
            device_read_bytes=int(service[count.DEVICE_BYTES]),
            streamed_bytes=None if batch is None else int(batch[count.READ_BYTES]),
            p50_ns=percentile(bins, 0.50),
            p99_ns=percentile(bins, 0.99),
        )

    def _snapshots(self) -> dict[str, Any]:
        return {role: worker.counters.snapshot() for role, worker in self._workers.items()}


@contextmanager
def running(
    wanted: str | Scenario,
    duration_seconds: float,
    say: Callable[[str], None],
    hierarchy: groups.MemoryHierarchy | None = None,
) -> Iterator[Lab]:
    """Set a scenario up (by name, or one of the caller's) with its cache warm, and remove everything at the end.

    `duration_seconds` only sets the rhythm of the bursts: at least four of them fit into it. SIGTERM and SIGHUP end
    the body with SystemExit unless the caller handles them. Call it from the main thread (the workloads die with the
    thread that started them); one scenario at a time. Raises UsageError and CannotMeasureError.
    """
    scenario = SCENARIOS.get(wanted) if isinstance(wanted, str) else wanted
    if scenario is None:
        raise UsageError(f"no scenario {wanted!r}; there are: {', '.join(SCENARIOS)}")
    if not _one_at_a_time.acquire(blocking=False):
        raise UsageError("a demo scenario is running in this process already")
    try:
        with ExitStack() as stack:
            stack.enter_context(raised(lambda number: SystemExit(128 + number)))
            yield _set_up(stack, scenario, duration_seconds, say, hierarchy or _memory_hierarchy())
    finally:
        _one_at_a_time.release()


def _memory_hierarchy() -> groups.MemoryHierarchy:
    from diagnose.cgroups import Hierarchy  # not needed by the workload processes, and slower to import than they are

    return Hierarchy.discover()


def _set_up(
    stack: ExitStack,
    scenario: Scenario,
    duration_seconds: float,
    say: Callable[[str], None],
    hierarchy: groups.MemoryHierarchy,
) -> Lab:
    """Clear leftovers, make cgroups and files, start and warm the workloads; `stack` undoes it in reverse order."""
    groups.remove_stale(hierarchy, say)
    controls.remove_stale(say)
    folders.remove_stale(say)
    parent = f"/{own_name()}"
    limits = {actor.role: actor.limit_bytes for actor in scenario.actors}
    directories = stack.enter_context(groups.cgroups(hierarchy, parent, scenario.parent_limit_bytes, limits, say))
    folder = stack.enter_context(folders.data_folder(scenario.file_bytes))
    more = stack.enter_context(controls.controls(hierarchy, parent, scenario.actors, folder, say))
    stack.enter_context(controls.swap(folder, scenario.swap_bytes))
    rhythm, share = _rhythm(duration_seconds), pace.share_of_full_speed(pace.reads_per_second())
    if share < 1:
        say(f"this machine is slow: the workloads run at {share:.0%} of their usual rates")
    workers = [
        stack.enter_context(
            _worker(
                actor,
                [directories[actor.role], *more[actor.role]],
                folder,
                {**pace.slowed(actor.options, share), **rhythm},
            )
        )
        for actor in scenario.actors
    ]
    for number, what in enumerate(STEPS, start=1):
        say(f"{scenario.name}: {what} ({folder})")
        _step(workers, number)
    time.sleep(SETTLE_SECONDS)
    return Lab(scenario, parent, workers)


def _rhythm(duration_seconds: float) -> dict[str, float]:
    """Return the lengths of the quiet phase and the burst: 3 s and 4 s for the usual half minute."""
    cycle = min(max(duration_seconds / 4.3, 4.0), 20.0)
    return {"quiet_seconds": cycle * 3 / 7, "burst_seconds": cycle * 4 / 7}


@contextmanager
def _worker(actor: Actor, directories: list[Path], folder: Path, options: dict[str, float]) -> Iterator[_Worker]:
    """Start one workload; kill it at the end."""
    with ExitStack() as stack:
        fd = count.new_memory(actor.role.replace("/", "-"))
        stack.callback(os.close, fd)
        counters = stack.enter_context(count.Counters(fd))
        complaints = stack.enter_context(tempfile.TemporaryFile("w+"))
        arguments = [
            actor.program,
            os.pathsep.join(map(str, directories)),
            str(folder),
            str(fd),
            str(os.getpid()),
            json.dumps(options),
        ]
        process = subprocess.Popen(
            # -P: -m alone would look for modules in the current folder first, which may be anybody's
            [sys.executable, "-P", "-m", "diagnose.lab.work", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            text=True,
            pass_fds=(fd,),
            process_group=0,  # Ctrl-C on the terminal is for the tool, which then still has a service to report on
        )
        stack.callback(_end, process)
        yield _Worker(actor, process, counters, complaints)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _step(workers: list[_Worker], number: int) -> None:
    """Wait until every workload has finished step `number`, then let them all go on."""
    deadline = time.monotonic() + STEP_SECONDS
    while any(worker.counters.cells[count.STEP] < number for worker in workers):
        for worker in workers:
            worker.check()
        if time.monotonic() > deadline:
            raise CannotMeasureError(
                f"the demo's workloads took more than {STEP_SECONDS:.0f} s for {STEPS[number - 1]}"
            )
        time.sleep(0.02)
    for worker in workers:
        assert worker.process.stdin is not None  # noqa: S101 - by construction, for the type checker
        worker.process.stdin.write("\n")
        worker.process.stdin.flush()
