"""For live tests: `diagnose` as a process of its own, and what it holds in the kernel."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from diagnose.doctor.calls import NUMBERS

FINISHED = (0, 1)
READY_SECONDS = 30
FREED_SECONDS = 10.0
BpfIds = dict[str, set[int]]
# Commands of bpf(2): linux/bpf.h
_LOOK_UP, _INFO_BY_FD = 1, 15
_FD_BY_ID = {"prog": 13, "map": 14}
_MAP_INFO_BYTES, _MAP_NAME = 128, slice(24, 40)


def latency(service: str, *more: str) -> tuple[str, ...]:
    return ("latency", "--service", service, *more)


class Tool:
    """`diagnose` as a child; killed at the end, whatever happens."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        before: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "diagnose.cli", *arguments],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Tool:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def finished(self, timeout: float = 60) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def begun(self) -> BpfIds:
        """Wait until window 0 has begun; returns the ids of its BPF programs and maps."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.communicate()
            ids = bpf_ids(self.process.pid)
            if any(_config_start_ns(number) for number in ids["map"]):
                return ids
            time.sleep(0.05)
        raise AssertionError(f"the capture did not begin within {READY_SECONDS} s")

    def measuring(self) -> BpfIds:
        """Wait until windows of a second or less are over; returns the ids of its BPF programs and maps."""
        ids = self.begun()
        time.sleep(1.2)
        return ids


def bpf_ids(pid: int) -> BpfIds:
    """Return the BPF objects that a process holds, by the kernel's own numbers."""
    found: BpfIds = {"prog": set(), "map": set()}
    try:
        entries = list(Path(f"/proc/{pid}/fdinfo").iterdir())
    except OSError:
        return found  # it has ended
    for entry in entries:
        try:
            text = entry.read_text()
        except OSError:
            continue
        for kind in found:
            found[kind] |= {int(n) for n in re.findall(rf"^{kind}_id:\s*(\d+)$", text, re.MULTILINE)}
    return found


def alive(kind: str, number: int) -> bool:
    """Ask the kernel for a BPF program or map by its number."""
    fd = _opened(kind, number)
    if fd >= 0:
        os.close(fd)
    return fd >= 0


def left_of(ids: BpfIds) -> set[tuple[str, int]]:
    """Return which of the objects are still there after the kernel has had time to free them."""
    deadline = time.monotonic() + FREED_SECONDS
    while True:
        left = {(kind, n) for kind, numbers in ids.items() for n in numbers if alive(kind, n)}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _config_start_ns(number: int) -> int:
    """Return what the map "config" (bpf/common.h) says of the capture's beginning; 0: not begun, or another map."""
    fd = _opened("map", number)
    if fd < 0:
        return 0
    try:
        info = ctypes.create_string_buffer(_MAP_INFO_BYTES)
        _bpf(_INFO_BY_FD, struct.pack("=IIQ", fd, len(info), ctypes.addressof(info)))
        if info.raw[_MAP_NAME].split(b"\0")[0] != b"config":
            return 0
        key, value = ctypes.c_uint32(0), ctypes.c_uint64()
        _bpf(_LOOK_UP, struct.pack("=IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
        return value.value
    finally:
        os.close(fd)


def _opened(kind: str, number: int) -> int:
    return _bpf(_FD_BY_ID[kind], struct.pack("=III", number, 0, 0))


def _bpf(command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    return int(
        ctypes.CDLL(None, use_errno=True).syscall(NUMBERS[platform.machine()][0], command, buffer, len(attributes))
    )
