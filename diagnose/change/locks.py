"""The cgroups of one change, held open and locked until it is done; each once, however many of its settings change.

Locks are files in a folder that root alone can open. A lock on the cgroup's own directory would be anybody's to take:
whoever can read it could keep `apply` and `rollback` out.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from diagnose.cgroups import OpenCgroup, opened, shown
from diagnose.change.machine import Machine
from diagnose.errors import UsageError

FOLDER = "run/diagnose"
"""Below the root; it is there while something is changed."""


class Held:
    """`held[path]` opens and locks a cgroup, or gives the open one; raises UsageError. `stack` closes them all."""

    def __init__(self, machine: Machine, stack: ExitStack) -> None:
        self._machine, self._stack = machine, stack
        self._cgroups: dict[str, OpenCgroup] = {}

    def __getitem__(self, path: str) -> OpenCgroup:
        if path not in self._cgroups:
            cgroup = self._stack.enter_context(opened(self._machine.hierarchy, path))
            self._stack.enter_context(locked(self._machine.root / FOLDER, cgroup.id, shown(path)))
            self._cgroups[path] = cgroup
        return self._cgroups[path]


@contextmanager
def locked(folder: Path, cgroup: int, name: str) -> Iterator[None]:
    """Keep two changes of one cgroup (a kernfs id) apart; raises UsageError if another diagnose changes it."""
    path = folder / f"{cgroup}.lock"
    descriptor = _taken(path, name)
    try:
        yield
    finally:
        path.unlink()
        os.close(descriptor)
        with suppress(OSError):  # another change has its lock there
            folder.rmdir()


def _taken(path: Path, name: str) -> int:
    """Return the open and locked file; one that its last holder has removed meanwhile keeps nobody out."""
    while True:
        _make(path.parent)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:  # the folder went with the last lock in it
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise UsageError(f"{name} is being changed by another diagnose; wait until it is done") from error
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.lstat()):
                return descriptor
        os.close(descriptor)


def _make(folder: Path) -> None:
    """Make the folder for this user alone; raises UsageError for one that somebody else made."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except OSError as error:
        raise UsageError(f"cannot make {folder} for the locks of a change: {error.strerror}") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise UsageError(f"{folder} is not this user's alone; remove it, then try again")
