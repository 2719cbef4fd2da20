"""One workload process: `python -m diagnose.lab.worker PROGRAM CGROUP_DIRECTORIES FOLDER FD PARENT_PID OPTIONS_JSON`.

Started by `bench.py` only. It joins its cgroup before it touches any data, so that everything it reads is charged
there, and it dies with the lab, however the lab dies.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from diagnose.lab.counters import STEP, Counters
from diagnose.lab.lifetime import die_with
from diagnose.lab.programs import PROGRAMS
from diagnose.lab.task import Task


class _LabTask(Task):
    def step(self) -> None:
        """Tell the lab that a step is done, and wait for its word to go on."""
        self.counters.cells[STEP] += 1
        if not sys.stdin.readline():
            raise SystemExit("the lab ended")


def main(arguments: list[str]) -> None:
    """Join the cgroup, then run the program until killed."""
    program, joined, folder, fd, parent_pid, options = arguments
    directories = [Path(directory) for directory in joined.split(os.pathsep)]
    die_with(int(parent_pid))
    for directory in directories:
        (directory / "cgroup.procs").write_text(str(os.getpid()))
    with Counters(int(fd)) as counters:
        PROGRAMS[program](_LabTask(Path(folder), directories[0].name, counters, json.loads(options)))


if __name__ == "__main__":
    main(sys.argv[1:])
