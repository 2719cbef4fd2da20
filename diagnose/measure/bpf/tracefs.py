"""tracefs for this process: the host's where it is mounted, else a private one that nobody else sees.

The private mount lives in a mount namespace of this process, so that it is gone with the process, also after SIGKILL.
"""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

from diagnose.cgroups.files import read
from diagnose.errors import CannotMeasureError

TRACEFS = Path("/sys/kernel/tracing")
FIELD_BYTES = 8
"""Of the fields that programs read."""
_FIELD = re.compile(r"field:[^;]{0,200}?\b(\w{1,64});\s{1,9}offset:([0-9]{1,6});\s{1,9}size:([0-9]{1,6});")
"""Every repetition has an end: without, a file of nothing but "field:" takes time by the square of its length."""
_CLONE_NEWNS, _MS_REC, _MS_SLAVE = 0x20000, 1 << 14, 1 << 19


def mounted(tracefs: Path = TRACEFS) -> bool:
    """Whether tracefs is there and readable by this process."""
    return os.access(tracefs / "events", os.R_OK | os.X_OK)


def ensure() -> None:
    """Make tracefs available at /sys/kernel/tracing; raises CannotMeasureError saying what to mount."""
    if mounted():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if (
        libc.unshare(_CLONE_NEWNS) != 0
        # Slave, not private: what the host mounts later is still seen here, what is mounted here is not seen there.
        or libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None) != 0
        or libc.mount(b"tracefs", os.fsencode(TRACEFS), b"tracefs", 0, None) != 0
    ):
        raise CannotMeasureError(
            f"tracefs is not mounted and cannot be ({os.strerror(ctypes.get_errno())}); "
            f"run: mount -t tracefs tracefs {TRACEFS}"
        )


def fields(event: str, tracefs: Path = TRACEFS) -> dict[str, tuple[int, int]] | None:
    """Return offset and size in bytes of the fields of a tracepoint, "category:event"; None if it is not there."""
    text = read(tracefs / "events" / event.replace(":", "/"), "format")
    return {name: (int(offset), int(size)) for name, offset, size in _FIELD.findall(text)} if text else None
