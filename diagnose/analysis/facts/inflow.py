"""Facts out of files alone, for hosts that refuse BPF: what came into memory, what went, under which limit (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.inflow import turnover
from diagnose.analysis.limits import Limit, shared_limit
from diagnose.analysis.windows import Series
from diagnose.capture.model import UNREAD
from diagnose.cgroups.paths import is_within
from diagnose.units import ratio


def _pages(f: Facts, size: Series | None) -> Series | None:
    return None if size is None else size / f.windows.capture.host.page_bytes


# ---------------------------------------------------------------- the service


@fact(
    "cache.refault_rate",
    "pages/s",
    "number",
    "cgroups",
    "refaults of the service's pages per second (evicted pages wanted again)",
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.value("cache.refaults")), f.windows.length)


@fact(
    "device.read_pages",
    "pages",
    "series",
    "cgroups",
    "pages that the service's processes made devices read (/proc/<pid>/io)",
)
def _(f: Facts, _n: str | None) -> Series | None:
    return _pages(f, f.windows.increase(f.windows.capture.service.cgroup_id, "io_read_bytes"))


@fact(
    "device.read_rate",
    "pages/s",
    "number",
    "cgroups",
    "pages per second that the service's processes made devices read",
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.value("device.read_pages")), f.windows.length)


@fact(
    "device.refaulted_share",
    "ratio",
    "number",
    "cgroups",
    "refaults of the service's pages, over the pages that its processes made devices read",
)
def _(f: Facts, _n: str | None) -> float | None:
    read = total(f.value("device.read_pages"))
    return ratio(total(f.value("cache.refaults")), max(read, 1.0) if read is not None else None)


@fact(
    "cache.kept_share",
    "ratio",
    "number",
    "cgroups",
    "growth of the service's page cache over the capture, over the pages that its processes made devices read",
)
def _(f: Facts, _n: str | None) -> float | None:
    readings = f.windows.readings(f.windows.capture.service.cgroup_id, "file_bytes")
    read = total(f.value("device.read_pages"))
    if readings is None or len(readings) < 2 or read is None:
        return None
    grown = max(float(readings.values[-1] - readings.values[0]), 0.0) / f.windows.capture.host.page_bytes
    return ratio(grown, max(read, 1.0))


# ---------------------------------------------------------------- reclaim


@fact(
    "host.reclaimed_pages",
    "pages",
    "series",
    "host",
    "pages of files that reclaim took on the whole host; DAMON's not counted (vmstat pgsteal_file)",
    scope="host",
)
def _(f: Facts, _n: str | None) -> Series | None:
    return f.windows.host_increase("vmstat.pgsteal_file")


def _room(f: Facts) -> Limit | None:
    """Return the tightest limit around the service; None: the host is."""
    return shared_limit(f.windows, f.windows.capture.service.cgroup)


@fact(
    "room.hits",
    "hits",
    "number",
    "cgroups",
    "hits of the lowest limit around the service; without one, pages reclaimed by kswapd and by tasks on the host",
)
def _(f: Facts, _n: str | None) -> float | None:
    room = _room(f)
    if room is not None:
        counters = [total(f.windows.increase(room.cgroup_id, key)) for key in ("limit_hits", "high_hits")]
    else:
        counters = [total(f.windows.host_increase(f"vmstat.pgsteal_{who}")) for who in ("kswapd", "direct")]
    known = [c for c in counters if c is not None]
    return sum(known) if known else None


# ---------------------------------------------------------------- the caches dropped


@fact(
    "host.drops",
    "drops",
    "number",
    "host",
    "times the page cache of the whole host was dropped (vmstat drop_pagecache)",
    scope="host",
)
def _(f: Facts, _n: str | None) -> float | None:
    return total(f.windows.host_increase("vmstat.drop_pagecache"))


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


@fact(
    "cache.dropped_share",
    "ratio",
    "number",
    "cgroups",
    "share of the service's page cache that was gone after the host's was dropped",
)
def _(f: Facts, _n: str | None) -> float | None:
    drop = _drop(f)
    return None if drop is None else ratio(max(drop[0] - drop[1], 0.0), drop[0])


@fact(
    "cache.reread_share",
    "ratio",
    "number",
    "cgroups",
    "page cache that the service took in again after the host's was dropped, over what was gone",
)
def _(f: Facts, _n: str | None) -> float | None:
    drop = _drop(f)
    return None if drop is None else ratio(drop[2] - drop[1], drop[0] - drop[1])


# ---------------------------------------------------------------- neighbours


@fact(
    "neighbour.inflow",
    "pages",
    "series",
    "cgroups",
    "pages it brought into memory: read from devices, written, or of its own",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> Series | None:
    parts = [series for cgroup, series in f.brought_in.items() if cgroup in f.ids(n)]
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


def _in_the_room(f: Facts, n: str | None) -> bool:
    room = _room(f)
    return room is None or (n is not None and is_within(n, room.cgroup))


@fact(
    "neighbour.inflow_share",
    "ratio",
    "number",
    "cgroups",
    "its share of all pages brought into memory below the lowest limit around the service (0: it is not below it)",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return ratio(f.number("neighbour.inflow", n), _of_the_room(f)) if _in_the_room(f, n) else 0.0


@fact(
    "neighbours.inflow_share",
    "ratio",
    "number",
    "cgroups",
    "share of all pages brought into memory below the lowest limit around the service that neighbours brought in",
)
def _(f: Facts, _n: str | None) -> float | None:
    everybody, own = _of_the_room(f), turnover(f.windows, f.windows.capture.service.cgroup_id)
    return None if everybody is None or own is None else ratio(everybody - float(np.nansum(own)), everybody)


@fact(
    "neighbour.held_share",
    "ratio",
    "number",
    "cgroups",
    "page cache it held on average, over that of the service",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    held, own = f.value("neighbour.cache_bytes", n), f.windows.gauge(f.windows.capture.service.cgroup_id, "file_bytes")
    if held is None or own is None or np.isnan(held).all() or np.isnan(own).all():
        return None
    return ratio(float(np.nanmean(held)), float(np.nanmean(own)))


@fact(
    "neighbour.limit_hits",
    "hits",
    "number",
    "cgroups",
    "hits of a limit of its own (or of one below it: failcnt; memory.events.local max and high)",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    its = f.ids(n) | {cgroup for cgroup, path in f.windows.paths.items() if path == n}
    counters = [total(f.windows.increase(cgroup, key)) for cgroup in sorted(its) for key in ("limit_hits", "high_hits")]
    known = [c for c in counters if c is not None]
    return sum(known) if known else None
