"""The workloads' processes: started in their cgroups, led through their steps together, killed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from diagnose.errors import CannotMeasureError
from diagnose.lab import counters as count
from diagnose.lab.workloads import Workload

STEPS = ("writing the data files", "warming the cache")
STEP_SECONDS = 120.0
"""A step that takes longer has failed: the files are at most a few GiB."""


@dataclass
class Worker:
    """A workload's process, what it counts, and what it complains of."""

    workload: Workload
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
        raise CannotMeasureError(f"the demo's {self.workload.role} process ended with status {status}: {last}")


@contextmanager
def started(workload: Workload, directories: list[Path], folder: Path, options: dict[str, float]) -> Iterator[Worker]:
    """Start one workload; kill it at the end."""
    with ExitStack() as stack:
        fd = count.new_memory(workload.role.replace("/", "-"))
        stack.callback(os.close, fd)
        counters = stack.enter_context(count.Counters(fd))
        complaints = stack.enter_context(tempfile.TemporaryFile("w+"))
        arguments = [
            workload.program,
            os.pathsep.join(map(str, directories)),
            str(folder),
            str(fd),
            str(os.getpid()),
            json.dumps(options),
        ]
        process = subprocess.Popen(
            # -P: -m alone would look for modules in the current folder first, which may be anybody's
            [sys.executable, "-P", "-m", "diagnose.lab.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            text=True,
            pass_fds=(fd,),
            process_group=0,  # Ctrl-C on the terminal is for the tool, which then still has a service to report on
        )
        stack.callback(_end, process)
        yield Worker(workload, process, counters, complaints)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def step(workers: list[Worker], number: int) -> None:
    """Wait until every workload has finished step `number` (from 1), then let them all go on."""
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
