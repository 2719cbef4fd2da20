"""The lab's cgroups: made, limited and removed by writing the kernel's files.

Only leaves hold processes, so the "no internal processes" rule of cgroup v2 is never in the way.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from diagnose.errors import CannotMeasureError
from diagnose.lab.names import PREFIX, owner_is_gone

REMOVE_SECONDS = 5.0
Say = Callable[[str], None]


class MemoryHierarchy(Protocol):
    """What the lab needs of `diagnose.cgroups.Hierarchy`."""

    @property
    def version(self) -> int: ...

    @property
    def mount(self) -> Path: ...

    def directory(self, cgroup: str) -> Path: ...


@contextmanager
def cgroups(
    hierarchy: MemoryHierarchy, parent: str, limit_bytes: int | None, leaves: dict[str, int | None], say: Say
) -> Iterator[dict[str, Path]]:
    """Make `parent` with a hard limit (or None) and a leaf cgroup for each role; yield the leaves' directories by role.

    Removes all of them at the end. The processes in them must be gone by then. Raises CannotMeasureError.
    """
    top = hierarchy.directory(parent)
    with ExitStack() as undo:  # runs every step, in reverse order, even if one of them fails
        try:
            _make(hierarchy, top, limit_bytes, undo, say)
            directories = {role: top / role for role in leaves}
            for role, leaf_limit in leaves.items():
                if not directories[role].parent.is_dir():  # "batch/worker-1": a job of several cgroups
                    _make(hierarchy, directories[role].parent, None, undo, say)
                _make(hierarchy, directories[role], leaf_limit, undo, say)
        except OSError as error:
            raise CannotMeasureError(
                f"cannot make the cgroup {error.filename or top} ({error.strerror}); the demo needs root and a "
                "memory cgroup hierarchy that it may write to: see `diagnose doctor`"
            ) from error
        yield directories


def _make(hierarchy: MemoryHierarchy, directory: Path, limit_bytes: int | None, undo: ExitStack, say: Say) -> None:
    """Make one cgroup with its limit; what is to be undone later goes to `undo` before anything else can fail."""
    if hierarchy.version == 2:
        control = directory.parent / "cgroup.subtree_control"
        if "memory" not in control.read_text().split():
            control.write_text("+memory")
            undo.callback(_disable_memory, control, say)
    directory.mkdir()
    undo.callback(_remove_or_say, directory, say)
    if hierarchy.version == 1:
        nested = directory / "memory.use_hierarchy"
        # Always 1 since Linux 5.11 (bef8620cd8e0); before that a child did not count towards its parent by default.
        if nested.exists() and nested.read_text().strip() == "0":
            nested.write_text("1")
    if limit_bytes is not None:
        name = "memory.max" if hierarchy.version == 2 else "memory.limit_in_bytes"
        (directory / name).write_text(str(limit_bytes))


def _disable_memory(control: Path, say: Say) -> None:
    """Take the memory controller back out of a subtree_control file."""
    try:
        control.write_text("-memory")
    except OSError as error:
        say(f"left the memory controller enabled in {control} ({error.strerror}): somebody uses it now")


def _remove_or_say(directory: Path, say: Say) -> None:
    if not remove(directory):
        say(f"could not remove the cgroup {directory}: it still has processes; remove it with: rmdir {directory}")


def remove(directory: Path) -> bool:
    """Remove one cgroup directory; retried, because a process leaves its cgroup a moment after its death."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while True:
        try:
            directory.rmdir()
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def remove_stale(hierarchy: MemoryHierarchy, say: Say) -> None:
    """Remove the cgroups of labs that were killed before they could tidy up."""
    for top in sorted(hierarchy.directory("/").glob(f"{PREFIX}*")):
        if not top.is_dir() or not owner_is_gone(top.name):
            continue
        # The deepest first.
        children = sorted((Path(at, name) for at, names, _ in os.walk(top) for name in names), reverse=True)
        if all(remove(child) for child in children) and remove(top):
            say(f"removed what an earlier demo left: the cgroup {top}")
        else:
            say(f"an earlier demo left the cgroup {top}, and it has processes: left alone")
