"""Whose a file is: root's own, or one that somebody else could have written, renamed or put in its place."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from diagnose.cgroups.mounts import read_mounts

_MOST_LINKS = 40
"""As many as the kernel follows (MAXSYMLINKS in include/linux/namei.h)."""
_OTHERS = stat.S_IWGRP | stat.S_IWOTH
"""An ACL that lets somebody write shows in the bits of the group (acl(5))."""


@dataclass(frozen=True)
class Doubt:
    """Where on the way to a file somebody else has a say: who owns it, may write to it, or mounted it there."""

    why: Literal["owner", "writable", "mounted"]
    path: Path
    uid: int


def doubt_of(path: Path, owner: int) -> Doubt | None:
    """Return why a file itself, whatever the folders above it, is not `owner`'s (or root's) alone; a link is not."""
    status = path.lstat()
    if status.st_uid not in (0, owner):
        return Doubt("owner", path, status.st_uid)
    if not stat.S_ISREG(status.st_mode) or status.st_mode & _OTHERS:
        return Doubt("writable", path, status.st_uid)
    return None


def doubt(path: Path, owner: int) -> Doubt | None:
    """Return the first place on the way to a file, or there, that is not `owner`'s (or root's) alone; None: all are.

    In a folder with the sticky bit, such as /tmp, everybody may write, and nobody rename what is root's; but a file
    system of one's own (FUSE) can be mounted there, and say that its files are root's. Raises OSError.
    """
    todo, here = ["/", *path.absolute().parts[1:]], Path("/")
    links, shared, points = 0, False, None
    while todo:
        name = todo.pop(0)
        here = here.parent if name == ".." else here / name
        status = here.lstat()
        if shared and points is None:
            points = {mount.point for mount in read_mounts(Path("/proc"))}
        if shared and str(here) in (points or ()):
            return Doubt("mounted", here, status.st_uid)
        if status.st_uid not in (0, owner):
            return Doubt("owner", here, status.st_uid)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            target = here.readlink()
            todo = [*(("/", *target.parts[1:]) if target.is_absolute() else target.parts), *todo]
            here = here.parent
            continue
        shared = stat.S_ISDIR(status.st_mode) and bool(status.st_mode & _OTHERS)
        if status.st_mode & _OTHERS and not (shared and status.st_mode & stat.S_ISVTX):
            return Doubt("writable", here, status.st_uid)
    return None
