"""How much each cgroup brought into memory, out of readings of files: for captures made without BPF (pure).

v2: what it holds grew by, and what reclaim took from it meanwhile. v1 does not count the latter, so there it is what
its processes made devices read, the pages they made dirty, and the growth of its anonymous and shared memory; direct
I/O is in it and brings nothing into memory.
"""

from __future__ import annotations

import numpy as np

from diagnose.analysis.windows import Series, Windows
from diagnose.cgroups.paths import ancestors, is_within


def turnover(windows: Windows, cgroup: int) -> Series | None:
    """Return pages brought into memory per window by a cgroup and everything below it; None if it was not read."""
    page = windows.capture.host.page_bytes
    reclaimed, usage = windows.increase(cgroup, "reclaimed_pages"), windows.change(cgroup, "usage_bytes")
    if reclaimed is not None and usage is not None:
        return np.maximum(usage / page + reclaimed, 0)
    io = device_pages(windows, cgroup)
    if io is None:
        return None
    grown = [windows.change(cgroup, key) for key in ("anon_bytes", "shmem_bytes")]
    return io + sum((np.maximum(part, 0) / page for part in grown if part is not None), np.zeros(windows.count))


def device_pages(windows: Windows, cgroup: int) -> Series | None:
    """Return the pages per window that the processes of a cgroup and below made devices read, or made dirty."""
    read, written = (windows.increase(cgroup, key) for key in ("io_read_bytes", "io_written_bytes"))
    return None if read is None or written is None else (read + written) / windows.capture.host.page_bytes


def own_turnover(windows: Windows) -> dict[int, Series]:
    """Return by cgroup what it brought in apart from those below it that were read too, without the service's own
    cgroups and those it lies in."""
    service = windows.capture.service.cgroup
    known = {
        cgroup: np.nan_to_num(series)
        for cgroup, path in windows.paths.items()
        if cgroup not in windows.service_ids
        and not is_within(service, path)
        and (series := turnover(windows, cgroup)) is not None
    }
    by_path = {windows.paths[cgroup]: cgroup for cgroup in known}
    own = {cgroup: series.copy() for cgroup, series in known.items()}
    for cgroup, series in known.items():
        above = next((by_path[p] for p in ancestors(windows.paths[cgroup]) if p in by_path), None)
        if above is not None:
            own[above] -= series
    return {cgroup: np.maximum(series, 0) for cgroup, series in own.items()}
