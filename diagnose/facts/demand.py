"""Facts about what kind of memory a neighbour took, and who dropped pages on purpose (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.escape import visible
from diagnose.facts.vocabulary import Facts, fact, ratio, total
from diagnose.models import Cause
from diagnose.neighbours import PRESSURE
from diagnose.windows import Series

GIVEN_AWAY: tuple[Cause, ...] = ("drop-caches", "invalidate")


@fact(
    "neighbour.evicted",
    "pages",
    "number",
    "evictions",
    "pages of anybody's files that its own reclaim removed",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return total(f.windows.evictions(PRESSURE, None, f.ids(n)))


@fact(
    "neighbour.file_inflow_ratio",
    "ratio",
    "number",
    "page-cache",
    "pages it added to the page cache, over the pages its reclaim removed from it",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    # In a full room each page taken costs a page removed. Who removes far more than it adds to the cache takes the
    # room for something else: anonymous memory, shared memory, the kernel's own.
    return ratio(f.number("neighbour.inserted", n), f.number("neighbour.evicted", n))


def _risen(series: Series | None) -> float | None:
    """Return the sum of what a reading rose by, window after window; what fell in between does not count against it."""
    if series is None:
        return None
    known = series[np.isfinite(series)]
    return float(np.maximum(np.diff(known), 0).sum()) if known.size > 1 else None


@fact(
    "neighbour.memory_growth",
    "pages",
    "number",
    "cgroups",
    "anonymous and shared memory it took during the capture, every rise counted",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    top = [i for i, path in f.windows.paths.items() if path == n]
    grown = _growth_bytes(f, top)
    if grown is None:
        # Only cgroups that move pages are read in every window; where the job's own is not, its members are.
        grown = _growth_bytes(f, sorted(f.ids(n)))
    return None if grown is None else grown / f.windows.capture.host.page_bytes


def _growth_bytes(f: Facts, cgroups: list[int]) -> float | None:
    risen = [_risen(f.windows.gauge(c, key)) for c in cgroups for key in ("anon_bytes", "shmem_bytes")]
    known = [grown for grown in risen if grown is not None]
    return sum(known) if known else None


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
    pages = f.windows.evictions(GIVEN_AWAY, f.windows.service_ids)
    return ratio(total(pages), total(f.value("evictions.of_service")))


@fact(
    "blame.given_away_share",
    "ratio",
    "number",
    "blame",
    "share of missed reads that waited for pages which were removed on purpose",
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.windows.blamed(GIVEN_AWAY)), total(f.value("reads.missed")))


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
    droppers = [d for d in f.windows.capture.droppers if d.cause in GIVEN_AWAY and d.pages]
    droppers.sort(key=lambda d: (-d.pages, d.comm, d.cgroup))
    names = [f"{visible(d.comm)} in {f.windows.paths.get(d.cgroup, 'a cgroup that is gone')}" for d in droppers[:3]]
    return ", ".join(dict.fromkeys(names)) or "a command that was not seen"
