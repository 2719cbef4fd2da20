"""The machine that is changed: its hierarchy, its identity, and the ways to run a command, to wait and to log."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from diagnose.cgroups import Hierarchy, commands
from diagnose.change.kept import FOLDER, Kept
from diagnose.errors import CannotMeasureError
from diagnose.measure.boot import BOOT_ID, boot_id

COMMAND_SECONDS = 60.0
"""docker waits for its runtime, systemd for the manager: both usually take well under a second."""

Wait = Callable[[float], bool]
"""Sleeps for so many seconds; returns True when somebody asked to stop."""


@dataclass(frozen=True)
class Answer:
    """How a command ended: whether it succeeded, and what it printed; the last line of its complaint if it failed."""

    succeeded: bool
    text: str


Run = Callable[[list[str]], Answer]


def run_command(command: list[str]) -> Answer:
    """Run a command without a shell and return how it ended; one that cannot be started is a failure like any other."""
    ended = commands.run(command, COMMAND_SECONDS)
    return Answer(True, ended.output.strip()) if ended.succeeded else Answer(False, ended.complaint)


@dataclass(frozen=True)
class Machine:
    """`root` is where the paths of the host begin, `owner` whose files are obeyed: "/" and root outside tests."""

    hierarchy: Hierarchy
    hostname: str
    boot_id: str
    wait: Wait
    run: Run = field(default=run_command)
    root: Path = Path("/")
    owner: int = 0

    @property
    def kept(self) -> Kept:
        """The digests of the records in force."""
        return Kept(self.root / FOLDER / "records", self.boot_id, self.owner)

    @property
    def reports(self) -> Kept:
        """The digests of the reports that root measured on this host."""
        return Kept(self.root / FOLDER / "reports", self.boot_id, self.owner)

    @property
    def has_systemd(self) -> bool:
        """Whether systemd runs this host, by its own test (sd_booted(3))."""
        return (self.root / "run/systemd/system").is_dir()

    @classmethod
    def this(cls, wait: Wait) -> Machine:
        """Return the host that this process runs on.

        Raises CannotMeasureError without a memory hierarchy, or where the running boot has no id that can be read.
        """
        hierarchy = Hierarchy.discover()
        boot = boot_id(hierarchy.proc)
        if boot is None:
            raise CannotMeasureError(
                f"cannot read {hierarchy.proc / BOOT_ID}: without it nobody can tell whether a report or a change is "
                "of this boot of this host, so nothing is changed or compared; run diagnose on the host itself, as root"
            )
        return cls(hierarchy, socket.gethostname(), boot, wait)
