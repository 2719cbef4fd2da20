"""The tool's commands, each in a fork of this process: an emulated machine takes many seconds to import them anew."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from diagnose.cli import _exit_code

PRELOADED = (
    "diagnose.change.carry_out",
    "diagnose.change.plan_text",
    "diagnose.change.rollback",
    "diagnose.measure.battery",
    "diagnose.report.output",
    "diagnose.pipeline",
    "diagnose.cli.progress",
    "diagnose.report.formats.markdown",
    "diagnose.rules",
    "diagnose.rules.yaml_files",
    "diagnose.cgroups.service",
    "diagnose.measure.stopping",
    "diagnose.change.verify",
    "jinja2",
)


@dataclass(frozen=True)
class Done:
    """`code`: the exit code, or minus the signal that ended it."""

    code: int
    said: str
    seconds: float


def run(*arguments: object, kill_after: float | None = None, log: Path = Path("command.log")) -> Done:
    """Run `diagnose ARGUMENTS`, all it prints going to `log`; SIGKILL after so many seconds."""
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(list(map(str, arguments)), log)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return Done(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"), time.monotonic() - begin)


def _become(arguments: list[str], log: Path) -> None:
    """Be the command, in the child; never returns."""
    code = 70
    try:
        # The workloads take both CPUs, and an emulated one builds and verifies the programs for minutes beside them.
        os.nice(-10)
        fd = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (fd, 1), (fd, 2)):
            os.dup2(source, target)
        code = _exit_code(arguments)
    finally:
        os._exit(code)
