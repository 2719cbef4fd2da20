"""For tests of refusal: run a command where the kernel really refuses BPF, by capabilities or by a seccomp filter."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from diagnose.doctor.calls import NUMBERS
from tests.helpers.paths import CHECKOUT

_PR_CAPBSET_DROP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 24, 22, 38
_LOAD_NUMBER = (0x20, 0, 0, 0)  # BPF_LD | BPF_W | BPF_ABS: the number of the system call
_JUMP_IF_EQUAL, _RETURN = 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | errno (linux/seccomp.h)
_EPERM = 1


def without_capabilities() -> None:
    """Give up every capability for what is executed next; the user stays root, as in an unprivileged container."""
    libc = ctypes.CDLL(None, use_errno=True)
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_CAPBSET_DROP)")


def with_bpf_filtered() -> None:
    """Have bpf(2) refused with EPERM from now on, as container runtimes' seccomp profiles do."""
    number = NUMBERS[platform.machine()][0]
    program = [_LOAD_NUMBER, (_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM), (_RETURN, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    filter_ = ctypes.create_string_buffer(struct.pack("HP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, 2, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")


def run(
    refuse: Callable[[], None] | None, folder: Path, *arguments: str, user: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `diagnose` in a process of its own, `refuse` called in it first."""
    return subprocess.run(
        [sys.executable, "-m", "diagnose.cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=refuse,
        user=user,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
