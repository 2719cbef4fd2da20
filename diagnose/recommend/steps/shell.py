"""Commands that are safe to paste: names of the system are quoted, and no pattern of them is expanded (pure)."""

from __future__ import annotations

import shlex

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.spelling import quoted


def write(value: str, file: str) -> str:
    """Return the command that writes a value into a file of the kernel's."""
    return f"echo {shlex.quote(value)} > {quoted(file)}"


def show(*files: str) -> str:
    """Return the command that shows files of the kernel's, each line with the file's name."""
    return f"grep -H . {' '.join(map(quoted, files))}"


def directory(record: CgroupRecord, controller: str, windows: Windows) -> str | None:
    """Return where a controller's files of a cgroup are; None: v1, and its processes are nowhere of their own there."""
    capture = windows.capture
    if capture.cgroup_version == 2:
        return f"{capture.cgroup_mount.rstrip('/')}{record.path}"
    mount, path = capture.mounts.get(controller), record.beside.get(controller)
    return None if mount is None or path is None else f"{mount.rstrip('/')}{path}"


def who_lives_in(path: str, windows: Windows) -> str:
    """Return the command that shows the processes of a cgroup and of those below it, with user and command line."""
    inside = members(f"{windows.capture.cgroup_mount.rstrip('/')}{path}")
    return f'ps -o pid,user,lstart,args -p "$({inside} | paste -sd,)"'


def members(place: str) -> str:
    """Return the command that prints the processes of a cgroup's directory and of those below it, one a line."""
    return f"find {quoted(place)} -name cgroup.procs -exec cat {{}} +"
