"""Facts about what kind of memory a neighbour took, and who dropped pages on purpose (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from diagnose.analysis.evictions import ON_PURPOSE, RECLAIM
from diagnose.analysis.facts.vocabulary import Facts, fact, neighbour_fact, total
from diagnose.analysis.limits import room_limit
from diagnose.analysis.windows import Series
from diagnose.cgroups.paths import is_within
from diagnose.units import ratio

MOST_NAMED = 3


@dataclass(frozen=True)
class Dropper:
    """A command that dropped pages, by drop_caches or by fadvise or the like; `cgroup` None: it is gone."""

    comm: str
    cgroup: str | None
    by: Literal["drop-caches", "invalidate"]


@dataclass(frozen=True)
class Droppers:
    """The commands that dropped most pages, the most first; empty: none was seen."""

    seen: tuple[Dropper, ...]


@neighbour_fact("neighbour.evicted", "pages", "number", "evictions")
def evicted_pages(f: Facts, neighbour: str) -> float | None:
    """Pages of anybody's files that its own reclaim removed."""
    return total(f.windows.evictions(RECLAIM, None, f.ids(neighbour)))


@neighbour_fact("neighbour.file_inflow_ratio", "ratio", "number", "page-cache", over_one=True)
def file_inflow_ratio(f: Facts, neighbour: str) -> float | None:
    """Pages it added to the page cache, over those that its reclaim removed from it."""
    # In a full room each page taken costs a page removed. Who removes far more than it adds to the cache takes the
    # room for something else: anonymous memory, shared memory, the kernel's own.
    evicted = f.number("neighbour.evicted", neighbour)
    return None if evicted is None else ratio(f.number("neighbour.inserted", neighbour), max(evicted, 1.0))


@neighbour_fact("neighbour.memory_growth", "pages", "number", "cgroups")
def memory_growth(f: Facts, neighbour: str) -> float | None:
    """Anonymous and shared memory it took during the capture, every rise counted."""
    risen = _memory_risen(f, neighbour)
    return None if risen is None else float(risen.sum()) / f.windows.capture.host.page_bytes


@neighbour_fact("neighbour.memory_peak", "bytes", "number", "cgroups")
def memory_peak(f: Facts, neighbour: str) -> float | None:
    """Most anonymous and shared memory that it held at once."""
    parts = [g for k in ("anon_bytes", "shmem_bytes") if (g := f.windows.gauge_of(neighbour, k)) is not None]
    held = np.sum(parts, axis=0) if parts else np.full(1, np.nan)
    return None if np.isnan(held).all() else float(np.nanmax(held))


def _memory_risen(f: Facts, neighbour: str) -> Series | None:
    """Return by how many bytes the neighbour's anonymous and shared memory rose in each window; a fall counts as 0."""
    top = [i for i, path in f.windows.paths.items() if path == neighbour]
    # Only cgroups that move pages are read in every window; where the job's own is not, its members are.
    for cgroups in (top, sorted(f.ids(neighbour))):
        parts = [f.windows.increase(c, key) for c in cgroups for key in ("anon_bytes", "shmem_bytes")]
        known = [np.nan_to_num(part) for part in parts if part is not None]
        if known:
            return cast(Series, np.sum(known, axis=0, dtype=np.float64))
    return None


@neighbour_fact("neighbour.growth_share", "ratio", "number", "cgroups", over_one=True)
def growth_share(f: Facts, neighbour: str) -> float | None:
    """Anonymous and shared memory it took, over the service's page cache at its peak."""
    return ratio(f.value("neighbour.memory_growth", neighbour), _peak_cache_pages(f))


def _shares_room(f: Facts, neighbour: str) -> bool:
    """Say whether a neighbour lies below the tightest limit that the service felt; without one all share the host."""
    room = room_limit(f.windows, f.windows.capture.service.cgroup)
    return room is None or is_within(neighbour, room.cgroup)


def _peak_cache_pages(f: Facts) -> float | None:
    peak = f.windows.peak(f.windows.capture.service.cgroup_id, "file_bytes")
    return None if peak is None else peak / f.windows.capture.host.page_bytes


@fact("neighbours.growth_share", "ratio", "number", "cgroups", over_one=True)
def neighbours_growth_share(f: Facts) -> float | None:
    """Memory of their own that neighbours below the same limit took, over the service's page cache at its peak."""
    # Who moved no pages is no candidate, and not read in every window: it took no room from anybody either.
    taken = [f.value("neighbour.memory_growth", n) for n in f.neighbours if _shares_room(f, n)]
    return ratio(sum(pages for pages in taken if pages is not None), _peak_cache_pages(f))


@neighbour_fact("neighbour.squeezed_share", "ratio", "number", "cgroups")
def squeezed_share(f: Facts, neighbour: str) -> float | None:
    """Share of what the service's cache shrank by that its memory grew by in the same windows."""
    change = f.windows.change(f.windows.capture.service.cgroup_id, "file_bytes")
    risen = _memory_risen(f, neighbour)
    if change is None or risen is None:
        return None
    if not _shares_room(f, neighbour):
        return 0.0  # what it takes comes out of another room
    lost = np.nan_to_num(np.maximum(-change, 0))
    return ratio(float(np.minimum(lost, risen).sum()), float(lost.sum()))


# ---------------------------------------------------------------- on purpose


@fact("evictions.invalidated_share", "ratio", "number", "evictions")
def invalidated_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that somebody gave away by fadvise or the like."""
    pages = f.windows.evictions(("invalidate",), f.windows.service_ids)
    return ratio(total(pages), total(f.value("evictions.of_service")))


@fact("evictions.given_away_share", "ratio", "number", "evictions")
def given_away_share(f: Facts) -> float | None:
    """Share of the service's evicted pages that drop_caches, fadvise or the like removed on purpose."""
    pages = f.windows.evictions(ON_PURPOSE, f.windows.service_ids)
    return ratio(total(pages), total(f.value("evictions.of_service")))


@fact("blame.given_away_share", "ratio", "number", "blame")
def blamed_given_away_share(f: Facts) -> float | None:
    """Share of missed reads that waited for pages which were removed on purpose."""
    return ratio(total(f.windows.blamed(ON_PURPOSE)), total(f.value("reads.missed")))


@fact("evictions.droppers", "", "text", "evictions", scope="host")
def droppers(f: Facts) -> Droppers | None:
    """The commands that dropped pages, and their cgroups."""
    if not f.windows.probe_attached("evictions"):
        return None
    dropped = [d for d in f.windows.capture.droppers if d.cause in ON_PURPOSE and d.pages]
    dropped.sort(key=lambda d: (-d.pages, d.comm, d.cgroup))
    seen = [
        Dropper(d.comm, f.windows.paths.get(d.cgroup), "drop-caches" if d.cause == "drop-caches" else "invalidate")
        for d in dropped[:MOST_NAMED]
    ]
    return Droppers(tuple(dict.fromkeys(seen)))
