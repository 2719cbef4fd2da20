"""`running()`: sets a scenario up, warm, and removes every trace of it afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from diagnose.errors import UsageError
from diagnose.histogram import percentile
from diagnose.lab import controls, groups, pace
from diagnose.lab import counters as count
from diagnose.lab import folder as folders
from diagnose.lab.names import own_name
from diagnose.lab.processes import STEPS, Worker, started, step
from diagnose.lab.scenarios import SCENARIOS
from diagnose.lab.workloads import Scenario
from diagnose.measure.stopping import raised

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


class Lab:
    """A scenario that is running. Cgroups are paths in the memory hierarchy."""

    def __init__(self, scenario: Scenario, parent: str, workers: list[Worker]) -> None:
        self.scenario = scenario
        self.parent = parent
        self.service = f"{parent}/service"
        self.culprit = f"{parent}/{scenario.culprit}" if scenario.culprit else None
        self.accomplices = [f"{parent}/{role}" for role in scenario.accomplices]
        self._workers = {worker.workload.role: worker for worker in workers}
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
    limits = {workload.role: workload.limit_bytes for workload in scenario.workloads}
    directories = stack.enter_context(groups.cgroups(hierarchy, parent, scenario.parent_limit_bytes, limits, say))
    folder = stack.enter_context(folders.data_folder(scenario.file_bytes))
    more = stack.enter_context(controls.controls(hierarchy, parent, scenario.workloads, folder, say))
    stack.enter_context(controls.swap(folder, scenario.swap_bytes))
    rhythm, share = _rhythm(duration_seconds), pace.share_of_full_speed(pace.reads_per_second())
    if share < 1:
        say(f"this machine is slow: the workloads run at {share:.0%} of their usual rates")
    workers = [
        stack.enter_context(
            started(
                workload,
                [directories[workload.role], *more[workload.role]],
                folder,
                {**pace.slowed(workload.options, share), **rhythm},
            )
        )
        for workload in scenario.workloads
    ]
    for number, what in enumerate(STEPS, start=1):
        say(f"{scenario.name}: {what} ({folder})")
        step(workers, number)
    time.sleep(SETTLE_SECONDS)
    return Lab(scenario, parent, workers)


def _rhythm(duration_seconds: float) -> dict[str, float]:
    """Return the lengths of the quiet phase and the burst: 3 s and 4 s for the usual half minute."""
    cycle = min(max(duration_seconds / 4.3, 4.0), 20.0)
    return {"quiet_seconds": cycle * 3 / 7, "burst_seconds": cycle * 4 / 7}
