"""Run another program for a while: no shell, no terminal, and an end to it whatever it does.

Its output goes to memory, not through pipes: a child that it leaves behind may keep a pipe open for ever, and
subprocess.run() would wait for it even after its timeout.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from diagnose.resources import SYSTEM_PATH

MAX_OUTPUT_BYTES = 16 * 2**20
SYS_ADMIN = 21
"""CAP_SYS_ADMIN: linux/capability.h."""
_REAP_SECONDS = 1.0
"""A process that hangs in the kernel does not die of SIGKILL either; it is left behind then."""


def environment() -> dict[str, str]:
    """Return the environment for a program: what root starts comes from the system's folders, whatever PATH says."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": SYSTEM_PATH if os.geteuid() == 0 else f"{path}:/usr/sbin:/sbin"}


def is_admin(status: Path = Path("/proc/thread-self/status")) -> bool:
    """Tell whether this thread has CAP_SYS_ADMIN; None said is none had."""
    try:
        found = re.search(r"^CapEff:\s([0-9a-f]+)$", status.read_text(), re.MULTILINE)
    except OSError:
        return False
    return found is not None and bool(int(found[1], 16) >> SYS_ADMIN & 1)


@dataclass(frozen=True)
class Ended:
    """`output` is its standard output; `complaint`: why it failed, "" if it succeeded."""

    succeeded: bool
    output: str
    complaint: str


def run(command: list[str], seconds: float) -> Ended:
    """Run `command` for at most `seconds`; what is absent, fails or takes too long has not succeeded."""
    with _memory("stdout") as output, _memory("stderr") as complaint:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaint,
                start_new_session=True,
                env=environment(),
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return Ended(False, "", str(error))
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return Ended(False, "", f"no answer within {seconds:g} s")
        except BaseException:
            _end(process)
            raise
        if status == 0:
            return Ended(True, _text(output), "")
        last = _text(complaint).strip().splitlines()
        return Ended(False, _text(output), last[-1] if last else f"exit status {status}")


def _memory(name: str) -> BinaryIO:
    return os.fdopen(os.memfd_create(name), "w+b", buffering=0)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read(MAX_OUTPUT_BYTES).decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the program and what it started (its session's process group)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_REAP_SECONDS)
