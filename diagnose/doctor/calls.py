"""The two system calls that a measurement cannot do without, tried for real and given back at once."""

from __future__ import annotations

import ctypes
import os
import platform

NUMBERS = {  # bpf, perf_event_open; asm/unistd.h of each architecture
    "x86_64": (321, 298),
    "aarch64": (280, 241),
    "riscv64": (280, 241),
    "s390x": (351, 331),
    "ppc64le": (361, 319),
}
_MAP_CREATE, _PROG_LOAD = 0, 5
_RAW_TRACEPOINT = 17
_RETURN_0 = (ctypes.c_uint64 * 2)(0x00000000000000B7, 0x0000000000000095)  # r0 = 0; exit


class _ProgLoad(ctypes.Structure):
    """The beginning of union bpf_attr for BPF_PROG_LOAD (linux/bpf.h)."""

    _fields_ = (
        ("prog_type", ctypes.c_uint32),
        ("insn_cnt", ctypes.c_uint32),
        ("insns", ctypes.c_uint64),
        ("license", ctypes.c_uint64),
        ("rest", ctypes.c_uint64 * 6),
    )


def bpf_errno() -> int | None:
    """Ask the kernel for a small map and a raw tracepoint program; 0 if it grants both, else errno; None: not tried."""
    if platform.machine() not in NUMBERS:
        return None
    array = (ctypes.c_uint32 * 18)(2, 4, 8, 1)  # BPF_MAP_TYPE_ARRAY, key 4 bytes, value 8 bytes, 1 entry
    text = ctypes.create_string_buffer(b"GPL")
    program = _ProgLoad(_RAW_TRACEPOINT, 2, ctypes.addressof(_RETURN_0), ctypes.addressof(text))
    return _bpf(_MAP_CREATE, array) or _bpf(_PROG_LOAD, program)


def perf_errno() -> int | None:
    """Open a dummy software event on CPU 0, as tracepoints are attached; 0 if granted, else errno; None: not tried."""
    if platform.machine() not in NUMBERS:
        return None
    attributes = (ctypes.c_uint32 * 32)(1, 128, 9)  # PERF_TYPE_SOFTWARE, size, PERF_COUNT_SW_DUMMY (low half of config)
    return _granted(NUMBERS[platform.machine()][1], ctypes.byref(attributes), -1, 0, -1, 0)


def _bpf(command: int, attributes: ctypes.Array[ctypes.c_uint32] | ctypes.Structure) -> int:
    number = NUMBERS[platform.machine()][0]
    return _granted(number, command, ctypes.byref(attributes), ctypes.sizeof(attributes))


def _granted(*call: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(*call)
    if fd < 0:
        return ctypes.get_errno()
    os.close(fd)
    return 0
