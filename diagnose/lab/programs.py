"""What the workloads do, by name. A program prepares its files, steps, warms up, steps, then runs until it is killed.

Each counts what it does in `task.counters`. Options come from `scenarios.py`; `burst_seconds` and `quiet_seconds`
are added by the lab, which fits the bursts to the length of the capture.
"""

from __future__ import annotations

from collections.abc import Callable

from diagnose.lab import neighbours, services
from diagnose.lab.task import Task

_ALL: tuple[Callable[[Task], None], ...] = (
    neighbours.allocate,
    neighbours.compute,
    neighbours.direct_io,
    neighbours.drop_caches,
    neighbours.map_file,
    neighbours.spin,
    neighbours.stream,
    neighbours.write_file,
    services.cold_reads,
    services.direct_reads,
    services.dirty_writes,
    services.large_reads,
    services.peer_reads,
    services.point_reads,
    services.reads_while_growing,
    services.replace_files,
    services.slow_disk_reads,
    services.swapping_reads,
)

PROGRAMS: dict[str, Callable[[Task], None]] = {program.__name__: program for program in _ALL}
