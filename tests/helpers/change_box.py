"""Cgroups of our own whose limits are changed, with processes in them that hold page cache and memory."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy
from diagnose.change.machine import Machine
from diagnose.report.model import Recommendation
from tests.helpers.change_scene import MIB, limit, report_for, written

DIAGNOSE = [sys.executable, "-m", "diagnose.cli"]
READ = """
import os, signal, sys
held = bytearray(os.urandom(1 << 20)) * int(sys.argv[2])
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
while True:
    with open(sys.argv[1], 'rb', buffering=0) as file:
        while file.read(1 << 20):
            pass
    print('there', flush=True)
    signal.sigwait([signal.SIGUSR1])
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run diagnose where there is no terminal."""
    command = [*DIAGNOSE, *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)


def forget_records(folder: Path) -> None:
    """Drop what this host keeps of the records in a folder, which tests leave in force."""
    kept = Machine.this(lambda _seconds: False).kept
    for path in folder.rglob("change-*.json"):
        kept.drop(json.loads(path.read_text())["digest"])


class Box:
    """A parent limited to 160 MiB with a service and a batch job that holds 64 MiB of page cache."""

    def __init__(self, folder: Path) -> None:
        self.hierarchy = Hierarchy.discover()
        self.folder, self.children = folder, list[subprocess.Popen[str]]()
        self.top = f"/diagnose-test-{os.getpid()}-{time.monotonic_ns()}"
        self.v1 = self.hierarchy.version == 1
        self.setting = "memory.limit_in_bytes" if self.v1 else "memory.max"
        if not self.v1 and "memory" not in (self.hierarchy.mount / "cgroup.subtree_control").read_text():
            pytest.skip("the root cgroup does not enable the memory controller for its children")
        self.batch, self.service = self.make("/batch"), self.make("/svc")
        self.file("", self.setting).write_text(str(160 * MIB))

    def make(self, below: str) -> str:
        directory = self.hierarchy.mount / f"{self.top}{below}".lstrip("/")
        directory.mkdir(parents=True)
        if not self.v1 and below:
            (directory.parent / "cgroup.subtree_control").write_text("+memory")
        return f"{self.top}{below}"

    def file(self, below: str, setting: str) -> Path:
        return self.hierarchy.mount / f"{self.top}{below}".lstrip("/") / setting

    def fill(self, cgroup: str, cache_mib: int, anonymous_mib: int = 1) -> None:
        """Start a process in a cgroup that reads a file and holds anonymous memory."""
        data = self.folder / f"data-{len(self.children)}"
        data.write_bytes(os.urandom(MIB) * cache_mib)
        with data.open() as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        enter = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"'
        command = ["sh", "-c", enter, "sh", str(self.hierarchy.directory(cgroup)), sys.executable, "-c", READ]
        child = subprocess.Popen([*command, str(data), str(anonymous_mib)], stdout=subprocess.PIPE, text=True)
        self.children.append(child)
        self.await_word(child)

    def read_again(self) -> None:
        """Have every process read its file again, so that there is something to reclaim."""
        for child in self.children:
            child.send_signal(signal.SIGUSR1)
            self.await_word(child)

    @staticmethod
    def await_word(child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"

    def report(self, *wanted: Recommendation, boot_id: str | None = None) -> Path:
        boot = boot_id or Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return written(
            report_for(self.hierarchy, boot, socket.gethostname(), *wanted, service=self.service), self.folder
        )

    def limit(self, value: int, current: int | None = None) -> Recommendation:
        return limit(self.batch, self.setting, current, value)

    def state(self) -> dict[str, bytes]:
        """Return every setting that could have been changed, to the byte."""
        names = ("memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.max", "memory.high", "memory.low")
        files = [self.file(below, name) for below in ("", "/batch", "/svc") for name in names]
        return {str(file): file.read_bytes() for file in files if file.exists()}

    def remove(self) -> None:
        forget_records(self.folder)
        for child in self.children:
            child.kill()
            child.wait()
        for below in ("/batch", "/svc", ""):
            for _ in range(50):
                with suppress(OSError):
                    self.file(below, "").rmdir()
                    break
                time.sleep(0.02)
