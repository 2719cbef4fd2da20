"""Facts about what the host makes the service wait for: the CPU and its quota, reclaim, dirty pages, swap (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from diagnose.analysis.evictions import RECLAIM
from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.analysis.pressure import stall_of
from diagnose.analysis.windows import Series
from diagnose.capture.base import StallKind
from diagnose.units import ratio


@dataclass(frozen=True)
class HostRoom:
    """The memory that the host had to give, at its lowest (MemAvailable; None: not read), and all it has."""

    available_bytes: int | None
    memory_bytes: int


def _own(f: Facts, key: str) -> float | None:
    """Return by how much a counter of the service rose during the capture."""
    return f.windows.risen(f.windows.capture.service.cgroup_id, key)


# ---------------------------------------------------------------- CPU


@fact("cpu.throttled_periods_share", "ratio", "number", "cgroups")
def throttled_periods_share(f: Facts) -> float | None:
    """Share of the CPU quota's periods in which the service was throttled (cpu.stat nr_throttled)."""
    periods, throttled = _own(f, "cpu_periods"), _own(f, "cpu_throttled_periods")
    if periods == 0:
        return 0.0  # no quota, or a service that did not run: no period was throttled
    return ratio(throttled, periods)


@fact("cpu.mean_stop", "s", "number", "cgroups")
def mean_stop(f: Facts) -> float | None:
    """Mean time that the CPU quota stopped the service in a period in which it did, no more than a whole period."""
    stopped_us, periods = _own(f, "cpu_throttled_us"), _own(f, "cpu_throttled_periods")
    mean = None if stopped_us is None or not periods else stopped_us / periods / 1e6
    record = next((c for c in f.windows.capture.cgroups if c.id == f.windows.capture.service.cgroup_id), None)
    if mean is None or record is None or record.cpu_period_us is None:
        return mean
    # The kernel adds the stops of all CPUs up, but no task stands still for longer than a period.
    return min(mean, record.cpu_period_us / 1e6)


@fact("cpu.throttled_share", "ratio", "number", "cgroups", over_one=True)
def throttled_share(f: Facts) -> float | None:
    """Time the service was throttled, over the length of the capture (cpu.stat throttled time; all CPUs)."""
    throttled_us = _own(f, "cpu_throttled_us")
    return None if throttled_us is None else ratio(throttled_us / 1e6, f.windows.length)


@fact("host.cpu_pressure", "ratio", "number", "host", scope="host")
def host_cpu_pressure(f: Facts) -> float | None:
    """Share of the capture in which some task on the host waited for a CPU (/proc/pressure/cpu)."""
    readings = f.windows.host_readings("pressure.cpu.some_us")
    return None if readings is None else stall_of(readings, f.windows.seconds).share


@fact("host.room", "", "text", "host", scope="host")
def host_room(f: Facts) -> HostRoom | None:
    """How much memory the host had to give, at its lowest."""
    if not f.windows.probe_attached("host"):
        return None
    column = f.windows.capture.host_samples.values.get("meminfo.MemAvailable_bytes") or []
    available = [v for v in column if v is not None]
    return HostRoom(min(available, default=None), f.windows.capture.host.memory_bytes)


# ---------------------------------------------------------------- stalls


def _stalled(f: Facts, kinds: Iterable[StallKind]) -> tuple[Series, Series] | None:
    """Return (ns, stalls) per window of the service's tasks; None if not measured."""
    table = f.windows.capture.stalls
    if table is None or not f.windows.probe_attached("stalls"):
        return None
    wanted = set(kinds)
    ns, stalls = np.zeros(f.windows.count), np.zeros(f.windows.count)
    for window, cgroup, kind, count, taken in zip(
        table.window, table.cgroup, table.kind, table.stalls, table.total_ns, strict=True
    ):
        if cgroup in f.windows.service_ids and kind in wanted:
            ns[window] += taken
            stalls[window] += count
    return ns, stalls


@fact("stalls.dirty_share", "ratio", "number", "stalls", over_one=True)
def dirty_stall_share(f: Facts) -> float | None:
    """Time the service's tasks were paused because too many pages were dirty, over the length of the capture."""
    stalled = _stalled(f, ("dirty-throttle",))
    return None if stalled is None else ratio(float(stalled[0].sum()) / 1e9, f.windows.length)


@fact("stalls.dirty_pauses", "pauses", "number", "stalls")
def dirty_pauses(f: Facts) -> float | None:
    """Pauses of the service's tasks because of dirty pages."""
    stalled = _stalled(f, ("dirty-throttle",))
    return None if stalled is None else float(stalled[1].sum())


@fact("stalls.reclaim_share", "ratio", "number", "stalls", over_one=True)
def reclaim_stall_share(f: Facts) -> float | None:
    """Time the service's tasks reclaimed memory before they got any, over the length of the capture."""
    stalled = _stalled(f, RECLAIM)
    return None if stalled is None else ratio(float(stalled[0].sum()) / 1e9, f.windows.length)


@fact("stalls.reclaims", "reclaims", "number", "stalls")
def own_reclaims(f: Facts) -> float | None:
    """Times the service's tasks had to reclaim memory themselves."""
    stalled = _stalled(f, RECLAIM)
    return None if stalled is None else float(stalled[1].sum())


# ---------------------------------------------------------------- swap


@fact("swap.refaults", "pages", "number", "cgroups")
def swap_refaults(f: Facts) -> float | None:
    """Pages of its own memory that the service fetched back from swap (workingset_refault_anon)."""
    return _own(f, "refault_anon_pages")


@fact("swap.refault_rate", "pages/s", "number", "cgroups")
def swap_refault_rate(f: Facts) -> float | None:
    """Pages of its own memory that the service fetched back from swap per second."""
    return ratio(_own(f, "refault_anon_pages"), f.windows.length)


@fact("swap.refault_share", "ratio", "number", "cgroups")
def swap_refault_share(f: Facts) -> float | None:
    """Share of the evicted pages which the service fetched again that came from swap."""
    swapped, files = _own(f, "refault_anon_pages"), _own(f, "refault_file_pages")
    if swapped is None or files is None:
        return None
    return ratio(swapped, swapped + files) if swapped else 0.0


@fact("swap.major_faults", "faults", "number", "cgroups")
def major_faults(f: Facts) -> float | None:
    """Page faults of the service that waited for a device."""
    return _own(f, "major_faults")


@fact("swap.held", "bytes", "number", "cgroups")
def swapped_bytes(f: Facts) -> float | None:
    """Most of the service's memory that lay in swap at once."""
    return f.windows.peak(f.windows.capture.service.cgroup_id, "swap_bytes")


@fact("swap.host_out", "pages", "number", "host", scope="host")
def host_swapped_out(f: Facts) -> float | None:
    """Pages written to swap on the host (vmstat pswpout)."""
    return f.windows.host_risen("vmstat.pswpout")


@fact("swap.host_in", "pages", "number", "host", scope="host")
def host_swapped_in(f: Facts) -> float | None:
    """Pages read from swap on the host (vmstat pswpin)."""
    return f.windows.host_risen("vmstat.pswpin")
