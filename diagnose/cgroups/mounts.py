"""Which hierarchies are mounted where, and which path a process has in each: mountinfo and /proc/PID/cgroup.

Formats: proc(5) for mountinfo and mounts (spaces and the like as octal escapes), cgroups(7) for /proc/PID/cgroup.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups.paths import printable

UNIFIED = ""
"""The controller name of the cgroup2 line ("0::/path") in /proc/PID/cgroup."""

# \040 space, \011 tab, \012 newline, \134 backslash, \043 hash: mangle() in fs/proc_namespace.c
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")


@dataclass(frozen=True)
class Mount:
    point: str
    """Absolute, with the escapes undone."""
    kind: str
    """The file system: "cgroup" (v1), "cgroup2", "ext4"."""
    options: frozenset[str]
    """For v1 these include the controllers ("memory"), or "name=systemd" for a hierarchy without one."""
    root: str = "/"
    """The cgroup that is mounted, spelled, as seen from this cgroup namespace: "/../.." lies two levels above it."""

    def carries(self, controller: str) -> bool:
        """Tell whether this is the hierarchy of `controller` ("memory", "cpu"; `UNIFIED`: the cgroup2 one)."""
        return self.kind == "cgroup2" if controller == UNIFIED else self.kind == "cgroup" and controller in self.options


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts of a mounts file, in its order; a line that is none is passed over."""
    rows = (line.split(" ") for line in text.split("\n"))
    return [Mount(unescape(r[1]), r[2], frozenset(r[3].split(","))) for r in rows if len(r) >= 4]


def parse_mountinfo(text: str) -> list[Mount]:
    """Return the mounts of a mountinfo file, in its order; a line that is none is passed over."""
    found = []
    for line in text.split("\n"):
        here, dash, there = line.partition(" - ")
        left, right = here.split(" "), there.split(" ")
        if dash and len(left) >= 6 and len(right) >= 3:
            options = frozenset((*left[5].split(","), *right[2].split(",")))
            found.append(Mount(unescape(left[4]), right[0], options, printable(unescape(left[3]))))
    return found


def unescape(field: str) -> str:
    r"""Undo the octal escapes of a mounts file: "a\040b" is "a b"."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)


def read_mounts(proc: Path) -> list[Mount]:
    """Return this process's mounts, without those that a later one at the same point covers.

    Raises OSError if none of PROC/self/mountinfo, PROC/self/mounts and PROC/mounts can be read.
    """
    # containers get a mount of their own on top of the host's /sys/fs/cgroup: what counts is what is seen there
    return list({mount.point: mount for mount in _mounts(proc)}.values())


def _mounts(proc: Path) -> list[Mount]:
    for name, parse in (("self/mountinfo", parse_mountinfo), ("self/mounts", parse_mounts)):
        with suppress(OSError):
            return parse(os.fsdecode((proc / name).read_bytes()))
    return parse_mounts(os.fsdecode((proc / "mounts").read_bytes()))


def parse_proc_cgroup(text: str) -> dict[str, str]:
    """Return the path of a process by controller (`UNIFIED` for cgroup2), from the text of /proc/PID/cgroup."""
    paths: dict[str, str] = {}
    for line in text.split("\n"):
        fields = line.split(":", 2)
        if len(fields) == 3 and fields[2].startswith("/"):
            for controller in fields[1].split(","):
                paths[controller] = printable(fields[2])
    return paths


def read_proc_cgroup(proc: Path, pid: int) -> dict[str, str]:
    """Return the paths of process `pid` by controller; raises OSError if it is gone or hidden."""
    return parse_proc_cgroup(os.fsdecode((proc / str(pid) / "cgroup").read_bytes()))
