"""Read what is needed before it is needed, into the cache of the service's own cgroup (pure).

Sources: find(1) (-inum, -xdev), findmnt(8) (--source takes major:minor).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import numpy as np

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.tables import ReadFile
from diagnose.cgroups.spelling import quoted
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired

MOST_FILES = 3
_NUMBER = re.compile(r"\d+:\d+")


@dataclass(frozen=True)
class FoundByInode:
    """A file whose whole path the capture does not know."""

    path: str
    """Its end, after an ellipsis."""
    inode: int
    device: str
    """major:minor"""


@dataclass(frozen=True, kw_only=True)
class ReadAhead(Step):
    """Read the files that most missed reads waited for, from within the service's cgroup; nothing to undo."""

    absent_bytes: float | None
    """What reads missed in the capture; None: not measured."""
    files_known: bool
    cache_bytes: float | None
    """What the service's cache held at the end of the capture; None: not measured."""
    by_inode: tuple[FoundByInode, ...]


def read_ahead(fired: Fired, facts: Facts) -> list[Step]:
    """Return the commands that read the files which most missed reads waited for; there is nothing to take back."""
    capture, missed = facts.windows.capture, facts.number("cache.missed")
    files = sorted((f for f in capture.files if f.path and f.missed_reads), key=lambda f: -f.missed_reads)[:MOST_FILES]
    partly = [(file, file.path or "") for file in files if not (file.path or "").startswith("/")]
    return [
        ReadAhead(
            absent_bytes=None if missed is None else missed * capture.host.page_bytes,
            files_known=bool(files),
            cache_bytes=_cache_bytes(facts.windows),
            by_inode=tuple(FoundByInode(path, file.inode, file.device) for file, path in partly),
            commands=_commands(files, f"{capture.cgroup_mount.rstrip('/')}{capture.service.cgroup}/cgroup.procs"),
        )
    ]


def _commands(files: list[ReadFile], procs: str) -> tuple[str, ...]:
    named = [_argument(file) for file in files] or ["FILE"]
    inside = 'echo $$ > "$1"; shift; exec cat -- "$@" > /dev/null'
    return (
        *(f"ls -lh -- {name}" for name in named),
        f"sh -c {shlex.quote(inside)} sh {quoted(procs)} {' '.join(named)}",
    )


def _argument(file: ReadFile) -> str:
    """Return the file as a word of a command: its path, or where that is not whole, how it is found by its inode."""
    path = file.path or ""
    if path.startswith("/"):
        return quoted(path)
    where = f'"$(findmnt -nfo TARGET -S {file.device})"' if _NUMBER.fullmatch(file.device) else "/"
    return f'"$(find {where} -xdev -inum {file.inode} -print -quit)"'


def _cache_bytes(windows: Windows) -> float | None:
    held = windows.gauge(windows.capture.service.cgroup_id, "file_bytes")
    return None if held is None or np.isnan(held[-1]) else float(held[-1])
