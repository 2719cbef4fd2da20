"""Facts out of files alone, for hosts that refuse BPF: what came into memory, what went, under which limit (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.facts.vocabulary import Facts, fact, neighbour_fact, total
from diagnose.analysis.inflow import turnover
from diagnose.analysis.limits import Limit, shared_limit
from diagnose.analysis.windows import Series
from diagnose.capture.model import UNREAD
from diagnose.cgroups.paths import is_within
from diagnose.units import ratio


def _pages(f: Facts, size: Series | None) -> Series | None:
    return None if size is None else size / f.windows.capture.host.page_bytes


# ---------------------------------------------------------------- the service


@fact("cache.refault_rate", "pages/s", "number", "cgroups")
def refault_rate(f: Facts) -> float | None:
    """Refaults of the service's pages per second (evicted pages wanted again)."""
    return ratio(total(f.value("cache.refaults")), f.windows.length)


@fact("device.read_pages", "pages", "series", "cgroups")
def device_read_pages(f: Facts) -> Series | None:
    """Pages that the service's processes made devices read (/proc/<pid>/io)."""
    return _pages(f, f.windows.increase(f.windows.capture.service.cgroup_id, "io_read_bytes"))


@fact("device.read_rate", "pages/s", "number", "cgroups")
def device_read_rate(f: Facts) -> float | None:
    """Pages per second that the service's processes made devices read."""
    return ratio(total(f.value("device.read_pages")), f.windows.length)


@fact("device.refaulted_share", "ratio", "number", "cgroups", over_one=True)
def refaulted_share(f: Facts) -> float | None:
    """Refaults of the service's pages, over the pages that its processes made devices read."""
    read = total(f.value("device.read_pages"))
    return ratio(total(f.value("cache.refaults")), max(read, 1.0) if read is not None else None)


@fact("cache.kept_share", "ratio", "number", "cgroups", over_one=True)
def kept_share(f: Facts) -> float | None:
    """Growth of the service's page cache over the capture, over the pages that its processes made devices read."""
    readings = f.windows.readings(f.windows.capture.service.cgroup_id, "file_bytes")
    read = total(f.value("device.read_pages"))
    if readings is None or len(readings) < 2 or read is None:
        return None
    grown = max(float(readings.values[-1] - readings.values[0]), 0.0) / f.windows.capture.host.page_bytes
    return ratio(grown, max(read, 1.0))


# ---------------------------------------------------------------- reclaim


@fact("host.reclaimed_pages", "pages", "series", "host", scope="host")
def host_reclaimed_pages(f: Facts) -> Series | None:
    """Pages of files that reclaim took on the whole host; DAMON's not counted (vmstat pgsteal_file)."""
    return f.windows.host_increase("vmstat.pgsteal_file")


def _room(f: Facts) -> Limit | None:
    """Return the tightest limit around the service; None: the host is."""
    return shared_limit(f.windows, f.windows.capture.service.cgroup)


@fact("room.hits", "hits", "number", "cgroups")
def room_hits(f: Facts) -> float | None:
    """Hits of the lowest limit around the service; without one, pages reclaimed by kswapd and by tasks on the host."""
    room = _room(f)
    if room is not None:
        counters = [total(f.windows.increase(room.cgroup_id, key)) for key in ("limit_hits", "high_hits")]
    else:
        counters = [f.windows.host_risen(f"vmstat.pgsteal_{who}") for who in ("kswapd", "direct")]
    known = [c for c in counters if c is not None]
    return sum(known) if known else None


# ---------------------------------------------------------------- the caches dropped


@fact("host.drops", "drops", "number", "host", scope="host")
def host_drops(f: Facts) -> float | None:
    """Times the page cache of the whole host was dropped (vmstat drop_pagecache)."""
    return f.windows.host_risen("vmstat.drop_pagecache")


def _drop(f: Facts) -> tuple[float, float, float] | None:
    """Return bytes of the service's cache before the drop that took most, after it, and at their highest later on.

    The kernel counts a drop when it is over, and cgroups are read a moment before vmstat: the fall may show in the
    reading of the window before, and as late as in that of the next.
    """
    drops = f.windows.host_increase("vmstat.drop_pagecache")
    readings = f.windows.readings(f.windows.capture.service.cgroup_id, "file_bytes")
    if drops is None or readings is None:
        return None
    found = []
    for window in np.flatnonzero(np.nan_to_num(drops) > 0):
        at = readings.windows
        before = readings.values[(at >= window - 2) & (at < window)].tolist()
        after = readings.values[at >= window - 1].tolist()
        if before and after:
            lowest = min(after[:3])
            found.append((max(before), lowest, max(after[after.index(lowest) :])))
    return max(found, key=lambda d: d[0] - d[1], default=None)


@fact("cache.dropped_share", "ratio", "number", "cgroups")
def dropped_share(f: Facts) -> float | None:
    """Share of the service's page cache that was gone after the host's was dropped."""
    drop = _drop(f)
    return None if drop is None else ratio(max(drop[0] - drop[1], 0.0), drop[0])


@fact("cache.reread_share", "ratio", "number", "cgroups", over_one=True)
def reread_share(f: Facts) -> float | None:
    """Page cache that the service took in again after the host's was dropped, over what was gone."""
    drop = _drop(f)
    return None if drop is None else ratio(drop[2] - drop[1], drop[0] - drop[1])


# ---------------------------------------------------------------- neighbours


@neighbour_fact("neighbour.inflow", "pages", "series", "cgroups")
def neighbour_inflow(f: Facts, neighbour: str) -> Series | None:
    """Pages it brought into memory: read from devices, written, or of its own."""
    parts = [series for cgroup, series in f.brought_in.items() if cgroup in f.ids(neighbour)]
    total_: Series | None = np.sum(parts, axis=0) if parts else None
    return total_


def _of_the_room(f: Facts) -> float | None:
    """Return the pages that everybody below the lowest limit around the service brought in, the service included.

    It is the reading of the cgroup with that limit. Where the host is the room, it is the sum of all, which is not
    known where some cgroups were too many to be read.
    """
    room = _room(f)
    whole = turnover(f.windows, room.cgroup_id) if room is not None else None
    if whole is not None:
        return float(np.nansum(whole))
    own = turnover(f.windows, f.windows.capture.service.cgroup_id)
    parts = [f.number("neighbour.inflow", n) for n in f.neighbours if _in_the_room(f, n)]
    if own is None or any(part is None for part in parts) or _some_unread(f):
        return None
    return float(np.nansum(own)) + sum(part for part in parts if part is not None)


def _some_unread(f: Facts) -> bool:
    records = (p for p in f.windows.capture.probes if p.probe == "cgroups")
    return any(column.endswith(UNREAD) for record in records for column in record.missing)


def _in_the_room(f: Facts, neighbour: str) -> bool:
    room = _room(f)
    return room is None or is_within(neighbour, room.cgroup)


@neighbour_fact("neighbour.inflow_share", "ratio", "number", "cgroups")
def neighbour_inflow_share(f: Facts, neighbour: str) -> float | None:
    """Its share of all pages brought into memory below the lowest limit around the service (0: it is not below it)."""
    return ratio(f.number("neighbour.inflow", neighbour), _of_the_room(f)) if _in_the_room(f, neighbour) else 0.0


@fact("neighbours.inflow_share", "ratio", "number", "cgroups")
def neighbours_inflow_share(f: Facts) -> float | None:
    """Share of all pages brought into memory below the lowest limit around the service that neighbours brought in."""
    everybody, own = _of_the_room(f), turnover(f.windows, f.windows.capture.service.cgroup_id)
    return None if everybody is None or own is None else ratio(everybody - float(np.nansum(own)), everybody)


@neighbour_fact("neighbour.held_share", "ratio", "number", "cgroups", over_one=True)
def held_share(f: Facts, neighbour: str) -> float | None:
    """Page cache it held on average, over that of the service."""
    held = f.value("neighbour.cache_bytes", neighbour)
    own = f.windows.gauge(f.windows.capture.service.cgroup_id, "file_bytes")
    if held is None or own is None or np.isnan(held).all() or np.isnan(own).all():
        return None
    return ratio(float(np.nanmean(held)), float(np.nanmean(own)))


@neighbour_fact("neighbour.limit_hits", "hits", "number", "cgroups")
def limit_hits(f: Facts, neighbour: str) -> float | None:
    """Hits of a limit of its own (or of one below it: failcnt; memory.events.local max and high)."""
    its = f.ids(neighbour) | {cgroup for cgroup, path in f.windows.paths.items() if path == neighbour}
    counters = [total(f.windows.increase(cgroup, key)) for cgroup in sorted(its) for key in ("limit_hits", "high_hits")]
    known = [c for c in counters if c is not None]
    return sum(known) if known else None
