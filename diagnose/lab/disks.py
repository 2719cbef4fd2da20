"""A file system on a loop device, in a mount namespace of the workload's own: both vanish with the workload.

Only for workload processes. The device is autocleared, so that the kernel removes it when the last mount is gone,
which is when the process that made it has ended, however it ended.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups.commands import environment

_CLONE_NEWNS = 0x00020000  # linux/sched.h
BDI = Path("/sys/class/bdi")


@dataclass(frozen=True)
class Disk:
    """A mounted file system and the number of its device ("7:0")."""

    mount: Path
    number: str

    def limit_dirty(self, dirty_bytes: int) -> None:
        """Let only so many bytes be dirty on this device (bdi strict_limit and max_bytes, since Linux 6.2)."""
        (BDI / self.number / "strict_limit").write_text("1")
        (BDI / self.number / "max_bytes").write_text(str(dirty_bytes))


@contextmanager
def mounted(folder: Path, name: str, size: int) -> Iterator[Disk]:
    """Make a file system of `size` bytes in a file of `folder` and mount it where this process alone sees it."""
    image, mount = folder / f"{name}.image", folder / f"{name}.mount"
    with image.open("xb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    mount.mkdir()
    _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", str(image))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS)")
    _run("mount", "--make-rprivate", "/")
    # mount(8) sets autoclear; direct I/O to the file, or its pages would be cached twice.
    _run("mount", "-o", "loop,noatime", str(image), str(mount))
    device = mount.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    loop = _run("losetup", "--noheadings", "--output", "NAME", "--associated", str(image))
    _run("losetup", "--direct-io=on", loop)
    yield Disk(mount, number)


def _run(*command: str) -> str:
    """Return what a command printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is not installed; this scenario needs it") from None
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:3])}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()
