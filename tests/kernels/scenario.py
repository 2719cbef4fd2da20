"""The story in its pure form: no limits anywhere, a batch job floods the host's cache, and kswapd evicts."""

from __future__ import annotations

from pathlib import Path

from diagnose.lab import Actor, Scenario
from diagnose.lab.scenarios import MIB, NOISY

HOT_SHARE = 0.5
"""Of the memory available. With what the workloads and the battery take themselves, that is six tenths of what is left
for the cache: it fits when it is alone, and is too much for the active list to be spared (`lab/scenarios.py`)."""
BLOCK, READS, FLOOD = 64 << 10, 1_500, 150 * MIB
"""Bytes a read; reads and bytes a second. So few reads that the service keeps its pace when half of them miss: before
and after are alike. So large that it goes through its file a few times in the shortest capture, which else did not tell
what it needs, and that in a quiet phase it reads back most of what a burst took."""


def available_bytes(meminfo: str) -> int:
    """Return MemAvailable of the text of /proc/meminfo."""
    (line,) = (line for line in meminfo.splitlines() if line.startswith("MemAvailable:"))
    return int(line.split()[1]) << 10


def flooded_host(available: int) -> Scenario:
    """Return the scenario for a host with so many bytes available; it floods all of it: for guests only."""
    hot = int(available * HOT_SHARE) // MIB * MIB
    flood = available // MIB * MIB
    return Scenario(
        "flooded-host",
        "Nobody has a limit; a batch job streams more than fits into the host's memory, in bursts.",
        NOISY,
        "batch",
        None,
        (
            Actor("service", "point_reads", {"bytes": hot, "reads_per_second": READS, "block_bytes": BLOCK}, hot),
            Actor("batch", "stream", {"bytes": flood, "bytes_per_second": FLOOD}, flood),
        ),
    )


def of_this_host() -> Scenario:
    return flooded_host(available_bytes(Path("/proc/meminfo").read_text()))
