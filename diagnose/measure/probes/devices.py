"""The block devices of this host: number, kind, and what each is made of (/sys/block, /sys/dev/block).

Yields `BlockDevice`. Read once; what cannot be read is None or left out, and so are devices of no size (unused loops).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from diagnose.capture.bounds import MAX_DEVICE
from diagnose.capture.surroundings import BlockDevice
from diagnose.cgroups.files import number, read
from diagnose.cgroups.paths import PATH_MAX, printable

MOST = 256
_NUMBER = re.compile("[0-9]{1,10}:[0-9]{1,10}")


def block_devices(root: Path = Path("/")) -> list[BlockDevice]:
    """Return the whole devices, by name."""
    block = root / "sys/block"
    try:
        names = sorted(entry.name for entry in block.iterdir())
    except OSError:
        return []
    found = (_device(root, block / name) for name in names if number(read(block / name, "size")))
    return [device for device in found if device is not None][:MOST]


def _device(root: Path, directory: Path) -> BlockDevice | None:
    known_as = read(directory, "dev").strip()
    if not _NUMBER.fullmatch(known_as):
        return None
    rotational = number(read(directory, "queue/rotational"))
    backing = _backing_file(directory)
    return BlockDevice(
        name=_name(directory),
        number=known_as,
        rotational=None if rotational is None else bool(rotational),
        backing_file=None if backing is None else printable(backing)[:PATH_MAX],
        max_dirty_bytes=_max_dirty(root / "sys/class/bdi" / known_as),
        below=_holder_of(root, backing) if backing else _slaves(directory),
    )


def _name(directory: Path) -> str:
    """Return what a device is called; sysfs has "!" in the place of "/"."""
    return printable(directory.name.replace("!", "/"))[:MAX_DEVICE]


def _backing_file(directory: Path) -> str | None:
    """Return the path of a loop device's file, which may hold any byte; None for what is no loop device."""
    try:
        return os.fsdecode((directory / "loop/backing_file").read_bytes()).removesuffix("\n") or None
    except OSError:
        return None


def _max_dirty(bdi: Path) -> int | None:
    """Return the strict limit of dirty bytes (Documentation/ABI/testing/sysfs-class-bdi, since Linux 6.2)."""
    return number(read(bdi, "max_bytes")) if number(read(bdi, "strict_limit")) == 1 else None


def _slaves(directory: Path) -> list[str]:
    try:
        return sorted({_whole(entry) for entry in (directory / "slaves").iterdir()})
    except OSError:
        return []


def _whole(device: Path) -> str:
    """Return the name of a device, of a partition that of its disk: limits and counts are those of whole devices."""
    link = device.resolve()
    return _name(link.parent if (link / "partition").exists() else link)


def _holder_of(root: Path, backing: str) -> list[str]:
    """Return the whole device on which a loop device's backing file lies; none if that cannot be told."""
    try:
        device = os.stat(root / backing.lstrip("/")).st_dev  # noqa: PTH116 (a name of the kernel's, with "//deleted" at times)
        link = (root / "sys/dev/block" / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
    except (OSError, ValueError):
        return []
    return [_whole(link)]
