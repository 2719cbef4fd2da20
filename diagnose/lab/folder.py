"""A folder for the lab's data files, on a real disk: reading tmpfs again costs nothing, so nothing would be slow."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from diagnose.cgroups.mounts import parse_mountinfo
from diagnose.errors import CannotMeasureError
from diagnose.lab.names import PREFIX, own_name, owner_is_gone

DISK_TYPES = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "xfs"})
"""File systems read through the page cache from a disk (ZFS has a cache of its own, 9p may have none)."""
SPARE_BYTES = 256 << 20
MOUNTS = Path("/proc/self/mountinfo")


def candidates() -> list[Path]:
    """Return the folders to try, in order: $TMPDIR, if set, then the places that usually are on disk."""
    chosen = os.environ.get("TMPDIR")
    return [*([Path(chosen)] if chosen else []), Path("/var/tmp"), Path("/var/lib"), Path("/tmp")]  # noqa: S108


def file_system_type(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds `path`, by the text of /proc/self/mountinfo (proc(5))."""
    best, kind = -1, "unknown"
    target = path.resolve()
    for mount in parse_mountinfo(mounts):
        depth = len(Path(mount.point).parts)
        if depth >= best and target.is_relative_to(mount.point):  # of equal ones the later mount is on top
            best, kind = depth, mount.kind
    return kind


def choose(need_bytes: int) -> Path:
    """Return a writable folder on a real disk with room for `need_bytes` and more; raises CannotMeasureError."""
    tried = []
    mounts = os.fsdecode(MOUNTS.read_bytes())
    for path in candidates():
        if not path.is_dir() or not os.access(path, os.W_OK):
            tried.append(f"{path}: not a writable folder")
        elif (kind := file_system_type(path, mounts)) not in DISK_TYPES:
            tried.append(f"{path}: {kind}, not a disk")
        elif (free := shutil.disk_usage(path).free) < need_bytes + SPARE_BYTES:
            tried.append(f"{path}: {free >> 20} MiB free")
        else:
            return path
    raise CannotMeasureError(
        f"the demo needs {(need_bytes + SPARE_BYTES) >> 20} MiB on a real disk and found none ({'; '.join(tried)}); "
        "name a folder on a disk by TMPDIR=DIR"
    )


@contextmanager
def data_folder(need_bytes: int) -> Iterator[Path]:
    """Make a fresh private folder, and remove it with all its files at the end. Raises CannotMeasureError."""
    folder = Path(tempfile.mkdtemp(prefix=f"{own_name()}-", dir=choose(need_bytes)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def remove_stale(say: Callable[[str], None]) -> None:
    """Remove the folders of labs that were killed; only real folders that this user owns."""
    for place in dict.fromkeys(candidates()):
        if not place.is_dir():
            continue
        for folder in sorted(place.glob(f"{PREFIX}*-*")):
            ours = folder.is_dir() and not folder.is_symlink() and folder.lstat().st_uid == os.geteuid()
            if ours and owner_is_gone(folder.name):
                shutil.rmtree(folder)
                say(f"removed what an earlier demo left: {folder}")
