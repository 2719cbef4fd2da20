"""The tail of the service's miss-ratio curve, out of refault distances (pure).

A page of the service that was evicted and came back when d more of the service's pages had been evicted in between
would have stayed with d more pages of room. The distribution of d over the refaults therefore says which share of them
N more pages would have avoided. The same idea as the kernel's workingset_refault_file (mm/workingset.c). It is an upper
bound of the room: with more room fewer pages are evicted, and a page that is evicted twice counts twice; hence the
number of different pages that came back bounds it from above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.windows import CAUSES, Windows
from diagnose.capture.model import Capture
from diagnose.histogram import lower_edges

MIN_REFAULTS = 50
"""Fewer say nothing about a tail."""
FREE_PER_CPU = 128
"""LOCAL_FREE_TARGET in kernel/bpf/bpf_lru_list.c."""


@dataclass(frozen=True)
class MissRatioCurve:
    """Refaults by distance. `more_pages`: upper edges of the bins, shape (n,); `avoided`: share of refaults, 0 to 1."""

    refaults: int
    distinct_pages: int
    more_pages: NDArray[np.float64]
    avoided: NDArray[np.float64]

    def avoided_with(self, pages: float) -> float:
        """Return the share of the refaults that so many more pages of room would have avoided."""
        if pages >= self.distinct_pages:
            return 1.0  # room for every page that came back, whatever the bin of its distance
        index = int(np.searchsorted(self.more_pages, pages, side="right")) - 1
        return float(self.avoided[index]) if index >= 0 else 0.0

    def known_from(self, pages: float) -> int:
        """Return the next room, in pages, for which the share is known: a bin's end, at most the distinct pages."""
        index = int(np.searchsorted(self.more_pages, pages))
        edge = self.more_pages[min(index, len(self.more_pages) - 1)]
        return int(min(edge, self.distinct_pages))

    def more_for(self, share: float) -> int:
        """Return how many more pages of room would have avoided `share` of the refaults, at most the distinct pages."""
        index = int(np.searchsorted(self.avoided, share - 1e-12))
        edge = self.more_pages[min(index, len(self.more_pages) - 1)]
        return int(min(edge, self.distinct_pages))


def refaulted_pages(windows: Windows) -> int | None:
    """Return the kernel's count of the service's refaults during the capture; None if it was not read."""
    pages = windows.risen(windows.capture.service.cgroup_id, "refault_file_pages")
    return None if pages is None else int(pages)


def entered_pages(windows: Windows) -> int | None:
    """Return how many pages entered the service's cache during the capture; None if that was not measured."""
    entered = windows.cache("inserted", windows.service_ids)
    # Lost events make the count too low, and what it bounds with it.
    return None if entered is None or windows.capture.lost.get("cache_map_full") else int(entered.sum())


def evicted_before(windows: Windows) -> int | None:
    """Return how many pages came back that had been evicted before the capture, or forgotten since; None: not known.

    The kernel's count less the pages that were seen to go and come back. That count is added up with a delay of up to
    2 s (FLUSH_TIME in mm/memcontrol.c), so that it has a part from before the capture in it; but no page can have come
    back that did not enter the cache.
    """
    blame, kernel, entered = windows.capture.blame, refaulted_pages(windows), entered_pages(windows)
    if blame is None or kernel is None:
        return None
    came_back = kernel if entered is None else min(kernel, entered)
    return max(0, came_back - sum(blame.distance_pages.count))


def _surely_kept(windows: Windows) -> int | None:
    """Return how many pages are kept in mind before any is forgotten; None: not known.

    The kernel's LRU map forgets before it is full: up to `FREE_PER_CPU` of its places lie ready for a CPU each.
    """
    capture = windows.capture
    places = None if capture.blame is None else capture.blame.remembered_pages
    return None if places is None else max(places // 2, places - FREE_PER_CPU * capture.host.cpus)


def may_forget(windows: Windows) -> bool:
    """Tell whether more pages of the service were gone at once, maybe, than are kept in mind (of more, the oldest go).

    A page that comes back is taken out of what is kept in mind (`bpf/blame.c`), so that no more than the different
    pages that came back, and those that never did, can have been in there. The coming back of a forgotten page cannot
    be told from that of one that was evicted before the capture.
    """
    blame, evicted = windows.capture.blame, windows.evictions(CAUSES, windows.service_ids)
    kept = _surely_kept(windows)
    if blame is None or kept is None or evicted is None:
        return False
    never_back = max(0.0, float(evicted.sum()) - sum(blame.distance_pages.count))
    return never_back + blame.distinct_refaulted_pages > kept


def counts_twice(windows: Windows) -> bool:
    """Tell whether a page that came back again may have been counted as a different one, so that the count is at most.

    That it came back before is kept in mind as long as no more pages are fetched than can be: fetched ones have as
    much room as evicted ones (`bpf/blame.c`).
    """
    entered, kept = entered_pages(windows), _surely_kept(windows)
    return windows.capture.blame is not None and (kept is None or entered is None or entered > kept)


def different_pages(windows: Windows) -> int | None:
    """Return how many different pages of the service came back during the capture; None if that is not known.

    Those evicted during the capture are known one by one. Those evicted before it came back once each: a second time
    they would be among the others.
    """
    blame, before = windows.capture.blame, evicted_before(windows)
    return None if blame is None or before is None else blame.distinct_refaulted_pages + before


def curve(capture: Capture) -> MissRatioCurve | None:
    """Return the curve; None where blame was not measured or too few pages came back."""
    if capture.blame is None:
        return None
    bins = capture.blame.distance_pages
    counts = np.array(bins.count, np.int64)
    if counts.sum() < MIN_REFAULTS:
        return None
    order = np.argsort(bins.bin)
    edges = lower_edges()[np.array(bins.bin, np.int64)[order] + 1]
    return MissRatioCurve(
        refaults=int(counts.sum()),
        distinct_pages=capture.blame.distinct_refaulted_pages,
        more_pages=edges,
        avoided=np.cumsum(counts[order]) / counts.sum(),
    )
