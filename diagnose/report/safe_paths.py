"""Links that somebody else put where everybody may write, /tmp above all: they are not followed.

As the kernel does it where fs.protected_symlinks is 1 (Documentation/admin-guide/sysctl/fs.rst), and on hosts where it
is 0, too.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_MOST_LINKS = 40
"""As many as the kernel follows (MAXSYMLINKS in include/linux/namei.h)."""


def foreign_link(path: Path) -> Path | None:
    """Return the first link on the way to `path`, or there, that leads astray; None: there is none.

    One does if it lies in a folder that everybody may write to, and is neither this user's nor the folder's owner's.
    What cannot be looked at is left to whoever opens it.
    """
    todo, here = list(path.absolute().parts[1:]), Path("/")
    for _ in range(_MOST_LINKS):
        while todo and not os.path.islink(here / todo[0]):  # noqa: PTH114 - Path.is_symlink() raises for a long name
            here = here.parent if (part := todo.pop(0)) == ".." else here / part
        if not todo:
            return None
        link = here / todo.pop(0)
        try:
            above, own, target = here.stat(), link.lstat(), link.readlink()
        except OSError:
            return None
        if above.st_mode & stat.S_IWOTH and own.st_uid not in (os.geteuid(), above.st_uid):
            return link
        here = Path("/") if target.is_absolute() else here
        todo = [*(target.parts[1:] if target.is_absolute() else target.parts), *todo]
    return None
