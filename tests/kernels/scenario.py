"""What guests run: the story in its pure form, where nobody has a limit, a batch job floods the host's cache and kswapd
evicts; and, to try limits on cgroup v1, the lab's noisy neighbour, where reclaim at a shared limit does.
"""

from __future__ import annotations

from pathlib import Path

from diagnose.lab import SCENARIOS, Scenario, Workload
from diagnose.lab.noisy_neighbours import NOISY
from diagnose.lab.workloads import MIB

HOT_SHARE = 0.4
"""Of the memory. That is six tenths of what is left for the cache: it fits when it is alone, and is too much for the
active list to be spared (`lab/noisy.py`)."""
BLOCK, READS, FLOOD = 128 << 10, 250, 250 * MIB
"""Bytes a read; reads and bytes a second. So few reads that the service keeps its pace when all of them miss: before
and after are alike. It goes through its file in 17 s: a file that is read again sooner than the flood replaces the rest
of the cache is kept, and that takes the flood 2 s on a machine of its own and several times that on a busy one."""
SIZING_SECONDS, SETTLE_SECONDS = {1: 20.0, 2: 51.0}, {1: 8.0, 2: 20.0}
"""To try limits, by the version of the cgroups: on v2 three rounds are measured, after one in which the service reads
back what it had lost; on v1, where it reads faster, four cycles of the job's bursts after one of them."""


def memory_bytes(meminfo: str) -> int:
    """Return MemTotal of the text of /proc/meminfo."""
    (line,) = (line for line in meminfo.splitlines() if line.startswith("MemTotal:"))
    return int(line.split()[1]) << 10


def flooded_host(memory: int) -> Scenario:
    """Return the scenario for a host with so many bytes of memory; it floods all of it: for guests only."""
    hot = int(memory * HOT_SHARE) // MIB * MIB
    flood = memory // MIB * MIB
    return Scenario(
        "flooded-host",
        "Nobody has a limit; a batch job streams more than fits into the host's memory, in bursts.",
        NOISY,
        "batch",
        None,
        (
            Workload("service", "point_reads", {"bytes": hot, "reads_per_second": READS, "block_bytes": BLOCK}, hot),
            Workload("batch", "stream", {"bytes": flood, "bytes_per_second": FLOOD}, flood),
        ),
    )


def of_this_host() -> Scenario:
    return flooded_host(memory_bytes(Path("/proc/meminfo").read_text()))


def to_size(version: int) -> Scenario:
    """Return what limits are tried in, by the version of the cgroups; on v1 the lab's own, with a shared limit."""
    return SCENARIOS["noisy-neighbour"] if version == 1 else of_this_host()
