"""What a scenario is made of: workloads, one process in a cgroup each, and the sizes of what they read and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1 << 20


@dataclass(frozen=True)
class Workload:
    """One process in a cgroup of its own under the parent; a role "batch/one" lies in the job's cgroup "batch".

    `options` go to the program as they are; `file_bytes` is the disk space that it will write. `limit_bytes` is a
    hard limit of its own cgroup (None: only the parent's), `cpus` a CPU quota, `cpu_weight` what cpu.weight is (100: as
    others), `device_iops` a throttle on its reads of the disk below.
    """

    role: str
    program: str
    options: Mapping[str, float]
    file_bytes: int = 0
    limit_bytes: int | None = None
    cpus: float | None = None
    cpu_weight: int | None = None
    device_iops: int | None = None


@dataclass(frozen=True)
class Scenario:
    """What to set up, and the truth about it.

    `expected` is a rule id, "healthy" or "inconclusive"; `culprit` a role (or the job above some) or None;
    `accomplices` are further ones that may be named, and nobody else may. `swap_bytes`: swap for the host meanwhile.
    """

    name: str
    sets_up: str
    """One sentence."""
    expected: str
    culprit: str | None
    parent_limit_bytes: int | None
    workloads: tuple[Workload, ...] = field(default=())
    accomplices: tuple[str, ...] = ()
    swap_bytes: int = 0

    @property
    def file_bytes(self) -> int:
        """Disk space that the scenario needs, in bytes."""
        return sum(workload.file_bytes for workload in self.workloads) + self.swap_bytes


PARENT_LIMIT = 288 * MIB
HOT_FILE = 208 * MIB
DATA_SET = 768 * MIB
SMALL_FILE = 16 * MIB
BUSY_FILE = 4 * MIB
"""Read all over every few milliseconds, so that proactive reclaim (DAMON samples every 5 ms) finds none of it idle."""


def service(limit_bytes: int | None = None, file_bytes: int = HOT_FILE) -> Workload:
    """Return the observed service: 16 KiB reads (a database page) all over a hot file, 16,000 a second."""
    options = {"bytes": file_bytes, "reads_per_second": 16_000}
    return Workload("service", "point_reads", options, file_bytes, limit_bytes)


def stream(role: str = "batch", mib_per_second: int = 400, size: int = DATA_SET, **flags: bool) -> Workload:
    """Return a job that streams; flags: `steady` (without quiet phases), `records` (without read-ahead)."""
    switches = {name: float(on) for name, on in flags.items()}
    return Workload(role, "stream", {"bytes": size, "bytes_per_second": mib_per_second * MIB, **switches}, size)


def reads(program: str, size: int, per_second: float) -> Workload:
    return Workload("service", program, {"bytes": size, "reads_per_second": per_second}, size)


QUIET = Workload("batch", "compute", {"bytes": SMALL_FILE}, SMALL_FILE)
