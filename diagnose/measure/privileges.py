"""May this process measure? And what it keeps of root's rights once everything is attached.

A capability is a thread's own (capabilities(7)): what is given up here, threads and programs that start later lack too;
one that runs already, and asks a container runtime for names, keeps its own for the seconds until it is answered.
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

from diagnose.cgroups.commands import SYS_ADMIN
from diagnose.errors import CannotMeasureError
from diagnose.resources import ENOUGH_OPEN_FILES

DAC_OVERRIDE, SYS_PTRACE, BPF = 1, 19, 39
"""linux/capability.h."""
FOR_FILES = (DAC_OVERRIDE, SYS_PTRACE)
"""To read cgroups that their owner has closed, and write the report into a folder of another user; to read /proc/PID/io
and the files of container runtimes below /proc/1/root (ptrace(2), "access mode checking")."""
_LAST = "sys/kernel/cap_last_cap"
_PR_CAPBSET_DROP = 24
_VERSION_3 = 0x20080522


def require_privileges(otherwise: str = "") -> None:
    """Raise CannotMeasureError unless this is root; `otherwise`: what else can be done."""
    if os.geteuid() != 0:
        raise CannotMeasureError(f"measuring needs root (BPF programs are loaded); run it with sudo{otherwise}")
    require_open_files()


def require_open_files() -> None:
    """Raise CannotMeasureError where files would run out: after the measurement would be too late."""
    granted, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= granted < ENOUGH_OPEN_FILES:  # RLIM_INFINITY is -1
        raise CannotMeasureError(
            f"this process may have {granted} files open, and measuring needs up to {ENOUGH_OPEN_FILES}; raise the "
            f"limit: ulimit -n {ENOUGH_OPEN_FILES}"
        )


def kept(with_maps: bool, last: int) -> frozenset[int]:
    """Return the capabilities that a capture needs to its end, by the kernel's last one (before BPF came, in 5.8, 37).

    `with_maps`: it reads maps of BPF programs, which the kernel may grant to CAP_BPF alone, or to CAP_SYS_ADMIN.
    """
    return frozenset((*FOR_FILES, BPF if last >= BPF else SYS_ADMIN) if with_maps else FOR_FILES)


def give_up(with_maps: bool, proc: Path = Path("/proc")) -> None:
    """Keep of this thread's capabilities those of `kept`, and keep programs that it starts from getting others.

    For good: nothing gives them back. Where the kernel refuses (a sandbox may), all stays as it is.
    """
    last = int((proc / _LAST).read_text())
    keep = kept(with_maps, last)
    libc = ctypes.CDLL(None, use_errno=True)
    for number in range(last + 1):
        if number not in keep:
            libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    header, have = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, have) != 0:
        return
    mask = sum(1 << number for number in keep)
    for half in range(2):
        effective, permitted = 3 * half, 3 * half + 1
        allowed = have[permitted] & (mask >> 32 * half) & 0xFFFFFFFF
        have[effective] = have[permitted] = allowed
        have[3 * half + 2] = 0
    libc.capset(header, have)
