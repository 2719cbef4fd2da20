"""What a check is, and where it looks: files below an injectable root, and what has no file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnose.measure.bpf.attachment import Attachment

CAPABILITIES = {"CAP_DAC_OVERRIDE": 1, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
"""Bits of CapEff in /proc/<pid>/status (linux/capability.h)."""


@dataclass(frozen=True)
class Check:
    """One look at the host. `ok` None: it could not be told, or it matters for an extra only."""

    name: str
    ok: bool | None
    detail: str
    enables: str
    """What needs it: "everything", an instrument, "demo"."""
    fix: str | None = None
    """The exact command or setting that changes it, where there is one."""
    essential: bool = False
    """Without it the battery cannot measure with BPF."""


@dataclass(frozen=True)
class Host:
    """Where to look: the root of the file system, and what has no file."""

    root: Path
    find_bcc: Callable[[], Path]
    bpf_errno: Callable[[], int | None]
    perf_errno: Callable[[], int | None]
    instruments: Mapping[str, Sequence[Attachment]]
    """What each instrument attaches, by its name."""
    private_tracefs: bool = False
    """tracefs was mounted for this process alone, as a measurement does."""

    def read(self, path: str) -> str | None:
        """Return the text of a file below the root, None if it cannot be read."""
        try:
            return (self.root / path).read_text(errors="replace")
        except OSError:
            return None

    def status(self, key: str) -> str | None:
        """Return a value of /proc/self/status, None if it is not there."""
        lines = (self.read("proc/self/status") or "").split("\n")
        values = (line.partition(":")[2].split() for line in lines if line.startswith(f"{key}:"))
        return next((words[0] for words in values if words), None)

    def has(self, capability: str) -> bool:
        effective = self.status("CapEff")
        if effective is None or not re.fullmatch("[0-9a-f]{1,16}", effective):
            return False
        return bool(int(effective, 16) >> CAPABILITIES[capability] & 1)

    @property
    def is_root(self) -> bool:
        return self.status("Uid") == "0"

    @property
    def filtered(self) -> bool:
        """Whether a seccomp filter decides which system calls this process may make."""
        return self.status("Seccomp") == "2"
