"""What the kernel and the workloads count themselves, whatever the battery says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.live import PAGE, Bench, Worker


@dataclass(frozen=True)
class Counters:
    """`read_calls` and `read_bytes`: of the workers (/proc/PID/io); the rest in pages."""

    read_calls: int
    read_bytes: int
    device_bytes: int
    cached: int
    """Charged to the bench's cgroups (memory.stat)."""
    reclaimed: int
    """File pages reclaimed on the whole host (vmstat, pgsteal_file)."""


def read(here: Bench, workers: Sequence[Worker]) -> Counters:
    """Read all of them; the workers must be idle, so that nothing changes meanwhile."""
    io = [pairs(Path(f"/proc/{worker.process.pid}/io"), ":") for worker in workers]
    return Counters(
        read_calls=sum(one["syscr"] for one in io),
        read_bytes=sum(one["rchar"] for one in io),
        device_bytes=sum(one["read_bytes"] for one in io),
        cached=cached_below(here.directory(here.top)),
        reclaimed=pairs(Path("/proc/vmstat"))["pgsteal_file"],
    )


def cached_below(directory: Path) -> int:
    """Return the file pages charged to a cgroup and all below it, those that are gone included."""
    stat = pairs(directory / "memory.stat")
    cached = stat["total_cache"] - stat["total_shmem"] if "total_cache" in stat else stat["file"] - stat["shmem"]
    return cached // PAGE


def pairs(path: Path, separator: str | None = None) -> dict[str, int]:
    """Return a file of lines "name value", or with another separator, as numbers by name."""
    pairs = (line.split(separator) for line in path.read_text().splitlines())
    return {key: int(value) for key, value in pairs}
