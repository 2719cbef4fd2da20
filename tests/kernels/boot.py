"""One boot of a kernel in qemu: what it says while it runs, what it hands over, and how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.kernels import initramfs

MEMORY_MIB, CPUS = 1400, 1
"""One CPU: what a kernel does to its own code while another emulated CPU runs it (each tracepoint switched on or
off), qemu 7.2 may see half of; the guest then dies of a breakpoint (int3) that is no longer there."""
LAST_LINES = 12
CONSOLE, SAID, RESULTS = "console.log", "guest.log", "results"
"""Files in the folder of a boot: the kernel's console (ttyS0), what runs there (ttyS1), results, one a line (ttyS2)."""
WORDS = "console=ttyS0 panic=-1 oops=panic mitigations=off init_on_alloc=0"
"""A kernel that is in trouble ends there and then: qemu does not reboot it, and its last words are on the console."""
EMULATED_CPU = "max,avx=off,avx2=off,erms=off,fsrm=off,la57=off"
"""Emulated, masked loads of AVX2 fault on what they are not to load (qemu 7.2): numpy's sort died of that in one run of
two. Without AVX it, and the kernel, take other ways. Without fast strings (erms, fsrm) the kernel copies words, which
qemu emulates one by one, not bytes; without la57 page tables are a level less deep: reads are three times as fast."""

running: list[subprocess.Popen[str]] = []
"""The guests of this moment."""


@dataclass(frozen=True)
class Ended:
    """`result`: the last line that was handed over, "" if none; `trouble`: "" if qemu ended by itself, with code 0."""

    result: str
    trouble: str
    seconds: float
    console: tuple[str, ...]


def boot(kernel: Path, root: Path, disk: Path, folder: Path, timeout: float, say: Callable[[str], object]) -> Ended:
    """Boot a kernel image with the root file system (which stays as it is) and a disk with /start.

    Emulated (TCG) unless DIAGNOSE_GUEST_KVM=1: not every machine that has /dev/kvm can run these guests by it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).unlink(missing_ok=True)
    early = folder / "initramfs"
    early.write_bytes(initramfs.archive(kernel))
    begin, late = time.monotonic(), threading.Event()
    with subprocess.Popen(
        _command(kernel, early, root, disk, folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", env={**os.environ, "TMPDIR": str(disk.parent)},
        start_new_session=True,
    ) as qemu, (folder / SAID).open("w") as log:  # fmt: skip
        assert qemu.stdout is not None

        running.append(qemu)

        def stop() -> None:
            late.set()
            os.killpg(qemu.pid, signal.SIGKILL)

        deadline = threading.Timer(timeout, stop)
        deadline.start()
        try:
            for line in qemu.stdout:
                log.write(line)
                say(line.rstrip())
        finally:
            deadline.cancel()
            running.remove(qemu)
            with suppress(ProcessLookupError):  # gone, as it should be
                os.killpg(qemu.pid, signal.SIGTERM)
    early.unlink()
    why = f"stopped after {timeout:.0f} s" if late.is_set() else trouble(qemu.wait())
    return Ended(last_result(folder), why, round(time.monotonic() - begin, 1), last_lines(folder / CONSOLE))


def _command(kernel: Path, early: Path, root: Path, disk: Path, folder: Path) -> list[str]:
    kvm = os.environ.get("DIAGNOSE_GUEST_KVM") == "1"
    return [
        *("qemu-system-x86_64", "-machine", "q35", "-accel", "kvm" if kvm else "tcg"),
        *("-cpu", "max" if kvm else EMULATED_CPU),
        *("-smp", str(CPUS), "-m", str(MEMORY_MIB), "-nodefaults", "-display", "none", "-no-reboot"),
        *("-kernel", str(kernel), "-initrd", str(early), "-append", WORDS),
        *("-drive", f"if=virtio,format=raw,snapshot=on,file={root}"),
        *("-drive", f"if=virtio,format=raw,cache=unsafe,file={disk}"),
        *("-serial", f"file:{folder / CONSOLE}", "-serial", "stdio", "-serial", f"file:{folder / RESULTS}"),
    ]


def trouble(code: int) -> str:
    """Say how qemu ended by its exit code; "" if as it should."""
    if code < 0:
        return f"qemu was ended by {signal.Signals(-code).name}"
    return f"qemu ended with code {code}" if code else ""


def last_result(folder: Path) -> str:
    """Return the last whole line: one that a dying guest was writing is none."""
    file = folder / RESULTS
    lines = file.read_text(errors="replace").split("\n")[:-1] if file.exists() else []
    return lines[-1].rstrip("\r") if lines else ""


def last_lines(console: Path, count: int = LAST_LINES) -> tuple[str, ...]:
    """Return what the kernel said last; nothing where there is no console."""
    if not console.exists():
        return ()
    return tuple(line for line in console.read_text(errors="replace").splitlines() if line.strip())[-count:]
