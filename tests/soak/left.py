"""What is left of processes that have ended: in the kernel, among the processes, in folders."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path

MARK = "DIAGNOSE_SOAK_MARK"
"""In the environment of everything that is started, and so of whatever that starts."""
CGROUPS = Path("/sys/fs/cgroup")
PATIENCE_SECONDS = 10.0
_OBJECT = re.compile(r"^(prog|map|link)_id:\s*([0-9]+)$", re.MULTILINE)
_OWNER = re.compile(r"diagnose-\w+-([0-9]+)")


class Before:
    """The host as it was before; other people use it too, so only additions that may be ours count.

    What a process holds that was not started here is its own.
    """

    def __init__(self, data: Path) -> None:
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self._data = data
        self._bpf = bpf_objects()
        self._cgroups = our_cgroups()
        self._mounts = our_mounts()
        self._descriptors = _descriptors()

    def left(self, temporary: Path) -> list[str]:
        """Return what is there now and was not before, once the kernel has had time to free it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self._left(temporary)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def _left(self, temporary: Path) -> list[str]:
        ours = {os.getpid(), *marked(self.mark)}
        objects, cgroups = bpf_objects() - self._bpf, our_cgroups() - self._cgroups
        strange = held_by_others(ours) if objects else set()
        found = [f"BPF {kind} {number}" for kind, number in objects - strange]
        found += [f"cgroup {path}" for path in cgroups if not _of_another(Path(path).name, ours)]
        found += [f"mount {line}" for line in our_mounts() - self._mounts]
        found += [f"process {pid}" for pid in marked(self.mark)]
        found += [f"file {path}" for path in temporary.rglob("*")]
        found += [f"loop device on {line}" for line in loops() if str(self._data) in line]
        if (now := _descriptors()) > self._descriptors:
            found.append(f"{now - self._descriptors} file descriptors of the soak itself")
        return found


def bpf_objects() -> set[tuple[str, int]]:
    """Return the numbers of all BPF programs, maps and links on the host."""
    found = set()
    for kind in ("prog", "map", "link"):
        lines = _said("bpftool", kind, "show").splitlines()
        found |= {(kind, int(number)) for number, _, _ in (x.partition(":") for x in lines) if number.isdigit()}
    return found


def held_by_others(ours: set[int]) -> set[tuple[str, int]]:
    """Return the numbers of the BPF objects that processes other than ours have open (proc_pid_fdinfo(5))."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/fdinfo/*"):
        if int(path.parts[2]) not in ours:
            with suppress(OSError):  # it has ended, or closed it
                found |= {(kind, int(number)) for kind, number in _OBJECT.findall(path.read_text())}
    return found


def _of_another(cgroup: str, ours: set[int]) -> bool:
    """Tell whether a cgroup of ours by name is that of a lab or test that runs, and was not started here."""
    named = _OWNER.match(cgroup)
    return named is not None and int(named[1]) not in ours and Path(f"/proc/{named[1]}").exists()


def our_cgroups() -> set[str]:
    """Return the cgroups of all hierarchies whose names this project gives."""
    return {str(path) for depth in ("*", "*/*") for path in CGROUPS.glob(f"{depth}/diagnose-*")}


def our_mounts() -> set[str]:
    """Return the mounts that a capture may make, as init sees them."""
    lines = Path("/proc/1/mountinfo").read_text().splitlines()
    return {line for line in lines if "diagnose" in line or " tracefs " in line or " bpf " in line}


def marked(mark: str) -> list[int]:
    """Return the processes that were started by, or below, whoever has this mark in the environment."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue  # it has ended
    return found


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def loops() -> list[str]:
    """Return the files behind loop devices."""
    return _said("losetup", "--noheadings", "--output", "BACK-FILE").splitlines()


def _said(*command: str) -> str:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PATH": path}).stdout
