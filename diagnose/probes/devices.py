"""The block devices of this host: number, kind, and what each is made of (/sys/block, /sys/dev/block).

Yields `BlockDevice`. Read once; what cannot be read is None or left out, and so are devices of no size (unused loops).
"""

from __future__ import annotations

import os
from pathlib import Path

from diagnose.cgroups.files import number, read
from diagnose.models import BlockDevice

MOST = 256


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
    if not known_as:
        return None
    rotational = number(read(directory, "queue/rotational"))
    backing = read(directory, "loop/backing_file").rstrip("\n") or None
    return BlockDevice(
        name=directory.name.replace("!", "/"),
        number=known_as,
        rotational=None if rotational is None else bool(rotational),
        backing_file=backing,
        max_dirty_bytes=_max_dirty(root / "sys/class/bdi" / known_as),
        below=_holder_of(root, backing) if backing else _slaves(directory),
    )


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
    return (link.parent if (link / "partition").exists() else link).name.replace("!", "/")


def _holder_of(root: Path, backing: str) -> list[str]:
    """Return the whole device on which a loop device's backing file lies; none if that cannot be told."""
    try:
        device = os.stat(root / backing.lstrip("/")).st_dev  # noqa: PTH116 (a name of the kernel's, with "//deleted" at times)
        link = (root / "sys/dev/block" / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
    except (OSError, ValueError):
        return []
    return [_whole(link)]
