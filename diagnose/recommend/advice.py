"""What every recommendation is made of: ready commands, and the words where no limit is safe (pure)."""

from __future__ import annotations

import shlex

from diagnose.models import CgroupRecord, Recommendation
from diagnose.windows import Windows


def no_limit(record: CgroupRecord, setting: str, why: str, lines: list[str], path: str) -> Recommendation:
    return Recommendation(
        cgroup=path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=None,
        reason=f"No safe limit for {path}: {why}.",
        arithmetic=lines,
        expected_effect="none: nothing is to be changed here.",
        risk="Alternatives to a limit: run the job on another host or at another time; add memory; let it read with "
        "O_DIRECT or drop its pages behind itself (POSIX_FADV_DONTNEED).",
        commands=[],
    )


def commands(record: CgroupRecord, setting: str, value: int, windows: Windows) -> list[str]:
    """Return shell commands for the way the cgroup is managed; names from the system are quoted."""
    file = f"{windows.capture.cgroup_mount.rstrip('/')}{record.path}/{setting}"
    by_file = f"echo {value} > {shlex.quote(file)}"
    unit = record.path.rsplit("/", 1)[-1]
    systemd = {"memory.high": "MemoryHigh", "memory.max": "MemoryMax", "memory.low": "MemoryLow"}.get(
        setting, "MemoryLimit"
    )
    if record.managed_by == "systemd":
        return [f"systemctl set-property --runtime -- {shlex.quote(unit)} {systemd}={value}"]
    if record.managed_by in ("docker", "podman") and setting in ("memory.max", "memory.limit_in_bytes"):
        return [f"{record.managed_by} update --memory {value} -- {shlex.quote(record.name or unit)}"]
    return [by_file]
