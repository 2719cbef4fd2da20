"""Read what is needed before it is needed, into the cache of the service's own cgroup (pure).

Sources: find(1) (-inum, -xdev), findmnt(8) (--source takes major:minor).
"""

from __future__ import annotations

import re
import shlex

import numpy as np

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.capture.tables import ReadFile
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired

MOST_FILES = 3
_NUMBER = re.compile(r"\d+:\d+")


def read_ahead(fired: Fired, facts: Facts) -> list[Step]:
    """Return the commands that read the files which most missed reads waited for; there is nothing to take back."""
    capture = facts.windows.capture
    files = sorted((f for f in capture.files if f.path and f.missed_reads), key=lambda f: -f.missed_reads)[:MOST_FILES]
    procs = f"{capture.cgroup_mount.rstrip('/')}{capture.service.cgroup}/cgroup.procs"
    missed = facts.number("cache.missed")
    size = "" if missed is None else f" ({units.size(missed * capture.host.page_bytes)} were absent so far)"
    named = [_argument(file) for file in files] or ["FILE"]
    inside = 'echo $$ > "$1"; shift; exec cat -- "$@" > /dev/null'
    return [
        Step(
            says="read the files once before they are needed, from within the service's cgroup, so that the pages are "
            f"charged to it{size}{'' if files else '; which files it were is not in this capture'}."
            f"{_when(facts)}{_unknown_places(files)} There is nothing to undo: what was read ahead are copies that the "
            "kernel gives up when it needs the room.",
            commands=[
                *(f"ls -lh -- {name}" for name in named),
                f"sh -c {shlex.quote(inside)} sh {shlex.quote(procs)} {' '.join(named)}",
            ],
        )
    ]


def _argument(file: ReadFile) -> str:
    """Return the file as a word of a command: its path, or where that is not whole, how it is found by its inode."""
    path = file.path or ""
    if path.startswith("/"):
        return shlex.quote(path)
    where = f'"$(findmnt -nfo TARGET -S {file.device})"' if _NUMBER.fullmatch(file.device) else "/"
    return f'"$(find {where} -xdev -inum {file.inode} -print -quit)"'


def _unknown_places(files: list[ReadFile]) -> str:
    parts = [file for file in files if not (file.path or "").startswith("/")]
    if not parts:
        return ""
    told = ", ".join(f"{file.path} (inode {file.inode} of device {file.device})" for file in parts)
    return f" Not the whole path is in this capture of {told}, so the commands find it by its inode."


def _when(facts: Facts) -> str:
    windows = facts.windows
    held = windows.gauge(windows.capture.service.cgroup_id, "file_bytes")
    if held is None or np.isnan(held[-1]):
        return ""
    return (
        f" At the end of the capture its cache held {units.size(float(held[-1]))}: what is there by then need not be "
        "read ahead, so this is for the next time that it is gone, after a boot for instance."
    )
