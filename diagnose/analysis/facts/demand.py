"""Facts about what kind of memory a neighbour took, and who dropped pages on purpose (pure)."""

from __future__ import annotations

from typing import cast

import numpy as np

from diagnose.analysis.evictions import ON_PURPOSE, RECLAIM
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.limits import room_limit
from diagnose.analysis.windows import Series
from diagnose.cgroups.paths import is_within
from diagnose.escape import visible
from diagnose.units import ratio


@fact(
    "neighbour.evicted",
    "pages",
    "number",
    "evictions",
    "pages of anybody's files that its own reclaim removed",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return total(f.windows.evictions(RECLAIM, None, f.ids(n)))


@fact(
    "neighbour.file_inflow_ratio",
    "ratio",
    "number",
    "page-cache",
    "pages it added to the page cache, over those that its reclaim removed from it",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    # In a full room each page taken costs a page removed. Who removes far more than it adds to the cache takes the
    # room for something else: anonymous memory, shared memory, the kernel's own.
    evicted = f.number("neighbour.evicted", n)
    return None if evicted is None else ratio(f.number("neighbour.inserted", n), max(evicted, 1.0))


@fact(
    "neighbour.memory_growth",
    "pages",
    "number",
    "cgroups",
    "anonymous and shared memory it took during the capture, every rise counted",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    risen = _memory_risen(f, n)
    return None if risen is None else float(risen.sum()) / f.windows.capture.host.page_bytes


@fact(
    "neighbour.memory_peak",
    "bytes",
    "number",
    "cgroups",
    "most anonymous and shared memory that it held at once",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    parts = [g for key in ("anon_bytes", "shmem_bytes") if n and (g := f.windows.gauge_of(n, key)) is not None]
    held = np.sum(parts, axis=0) if parts else np.full(1, np.nan)
    return None if np.isnan(held).all() else float(np.nanmax(held))


def _memory_risen(f: Facts, n: str | None) -> Series | None:
    """Return by how many bytes the neighbour's anonymous and shared memory rose in each window; a fall counts as 0."""
    top = [i for i, path in f.windows.paths.items() if path == n]
    # Only cgroups that move pages are read in every window; where the job's own is not, its members are.
    for cgroups in (top, sorted(f.ids(n))):
        parts = [f.windows.increase(c, key) for c in cgroups for key in ("anon_bytes", "shmem_bytes")]
        known = [np.nan_to_num(part) for part in parts if part is not None]
        if known:
            return cast(Series, np.sum(known, axis=0, dtype=np.float64))
    return None


@fact(
    "neighbour.growth_share",
    "ratio",
    "number",
    "cgroups",
    "anonymous and shared memory it took, over the service's page cache at its peak",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return ratio(f.value("neighbour.memory_growth", n), _peak_cache_pages(f))


def _shares_room(f: Facts, n: str | None) -> bool:
    """Whether a neighbour lies below the tightest limit that the service felt; without one all share the host."""
    room = room_limit(f.windows, f.windows.capture.service.cgroup)
    return room is None or (n is not None and is_within(n, room.cgroup))


def _peak_cache_pages(f: Facts) -> float | None:
    peak = f.windows.peak(f.windows.capture.service.cgroup_id, "file_bytes")
    return None if peak is None else peak / f.windows.capture.host.page_bytes


@fact(
    "neighbours.growth_share",
    "ratio",
    "number",
    "cgroups",
    "memory of their own that neighbours below the same limit took, over the service's page cache at its peak",
)
def _(f: Facts, _n: str | None) -> float | None:
    # Who moved no pages is no candidate, and not read in every window: it took no room from anybody either.
    taken = [f.value("neighbour.memory_growth", n) for n in f.neighbours if _shares_room(f, n)]
    return ratio(sum(pages for pages in taken if pages is not None), _peak_cache_pages(f))


@fact(
    "neighbour.squeezed_share",
    "ratio",
    "number",
    "cgroups",
    "share of what the service's cache shrank by that its memory grew by in the same windows",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    change = f.windows.change(f.windows.capture.service.cgroup_id, "file_bytes")
    risen = _memory_risen(f, n)
    if change is None or risen is None:
        return None
    if not _shares_room(f, n):
        return 0.0  # what it takes comes out of another room
    lost = np.nan_to_num(np.maximum(-change, 0))
    return ratio(float(np.minimum(lost, risen).sum()), float(lost.sum()))


# ---------------------------------------------------------------- on purpose


@fact(
    "evictions.invalidated_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that somebody gave away by fadvise or the like",
)
def _(f: Facts, _n: str | None) -> float | None:
    pages = f.windows.evictions(("invalidate",), f.windows.service_ids)
    return ratio(total(pages), total(f.value("evictions.of_service")))


@fact(
    "evictions.given_away_share",
    "ratio",
    "number",
    "evictions",
    "share of the service's evicted pages that drop_caches, fadvise or the like removed on purpose",
)
def _(f: Facts, _n: str | None) -> float | None:
    pages = f.windows.evictions(ON_PURPOSE, f.windows.service_ids)
    return ratio(total(pages), total(f.value("evictions.of_service")))


@fact(
    "blame.given_away_share",
    "ratio",
    "number",
    "blame",
    "share of missed reads that waited for pages which were removed on purpose",
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.windows.blamed(ON_PURPOSE)), total(f.value("reads.missed")))


@fact(
    "evictions.droppers",
    "",
    "text",
    "evictions",
    "the commands that dropped pages, and their cgroups",
    scope="host",
)
def _(f: Facts, _n: str | None) -> str | None:
    if not f.windows.probe_attached("evictions"):
        return None
    droppers = [d for d in f.windows.capture.droppers if d.cause in ON_PURPOSE and d.pages]
    droppers.sort(key=lambda d: (-d.pages, d.comm, d.cgroup))
    names = [
        f"{visible(d.comm)} in {f.windows.paths.get(d.cgroup, 'a cgroup that is gone')} "
        f"({'by drop_caches' if d.cause == 'drop-caches' else 'by fadvise or the like'})"
        for d in droppers[:3]
    ]
    return ", ".join(dict.fromkeys(names)) or "a command that was not seen"
