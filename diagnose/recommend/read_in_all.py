"""What the service read altogether, by the sample of pages that it touched (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.analysis.windows import BUFFERED, Windows
from diagnose.capture.hit_ratio import LOOKUP_TOLERANCE
from diagnose.recommend.sizing import peak_of

SAMPLE_ONE_IN = 64
MIN_SAMPLED = 30
"""Pages; a smaller sample of what the service reads says too little about how much that is."""
MIN_TIMES_READ = 2.0
"""On average, in the capture. A service that goes through its files more slowly has not read yet all that it will."""
MAPPED_SHARE = 0.1
"""Of the cache. A service that maps more may fetch as much through its maps as by reads."""
FAULTED_SHARE = 0.05
"""Of the pages in the sample. A service that faults in more from files goes through more than is mapped at a time."""


@dataclass(frozen=True)
class ReadInAll:
    """The different pages that the service read, by a sample, and what it maps, or holds of shared memory, on top."""

    read_bytes: int
    margin_bytes: int
    """Two standard errors of the sample, added."""
    mapped_bytes: int
    shared_bytes: int

    @property
    def bytes(self) -> int:
        # Shared memory that is mapped is in both figures (file_mapped in cgroup-v2.rst).
        return self.read_bytes + self.margin_bytes + max(self.mapped_bytes, self.shared_bytes)


def all_that_it_wants(windows: Windows) -> ReadInAll | None:
    """Return what the service read altogether, if it read it more than once: it can want no more cached."""
    times = times_read(windows)
    return None if times is None or times < MIN_TIMES_READ else read_in_all(windows)


def read_in_all(windows: Windows) -> ReadInAll | None:
    """Return what the service read altogether in this capture, with what it maps on top; None without a sample."""
    blame, page = windows.capture.blame, windows.capture.host.page_bytes
    pages = 0 if blame is None else blame.touched_pages or 0
    if blame is None or times_read(windows) is None or _fetches_by_maps(windows, pages):
        return None
    margin = blame.touched_pages_margin
    if margin is None:  # of a sample by chance
        margin = round(2 * (pages * SAMPLE_ONE_IN) ** 0.5)
    mapped, shared = (
        peak_of(windows, windows.capture.service.cgroup, key) or 0 for key in ("mapped_file_bytes", "shmem_bytes")
    )
    return ReadInAll(pages * page, margin * page, mapped, shared)


def _fetches_by_maps(windows: Windows, pages: int) -> bool:
    """Tell whether the service may fetch much through maps: that is in no sample, and only what stayed is mapped.

    One fault can fetch any number of pages, by read-ahead, so that faults do not say how many. Many of them, over the
    `pages` of the sample, fetch much all the same, however little of it is mapped at a time.
    """
    service = windows.capture.service
    mapped, cache = (peak_of(windows, service.cgroup, key) or 0 for key in ("mapped_file_bytes", "file_bytes"))
    faults = windows.increase(service.cgroup_id, "major_faults")
    if faults is None or np.isnan(faults).all():
        return mapped > MAPPED_SHARE * cache
    swapped = windows.increase(service.cgroup_id, "refault_anon_pages")
    of_files = float(np.nansum(faults)) - (0.0 if swapped is None else float(np.nansum(swapped)))
    much = mapped > MAPPED_SHARE * cache and bool(np.nansum(faults) > 0)
    return much or of_files > FAULTED_SHARE * pages


def times_read(windows: Windows) -> float | None:
    """Return how often, on average, the service read each page that it read at all; None without a sample that counts.

    Going round a file once and a half is 1.5 times; reading at random, twice on average leaves a seventh unread.
    """
    blame = windows.capture.blame
    if blame is None or (blame.touched_pages or 0) < MIN_SAMPLED * SAMPLE_ONE_IN:
        return None
    looked_up, by_any = float(windows.read_total("looked_up_pages", BUFFERED).sum()), _looked_up(windows)
    if windows.capture.lost.get("touched_map_full") or windows.read_total("count", ("io_uring",)).any():
        return None
    if by_any > (1 + LOOKUP_TOLERANCE) * looked_up:
        return None  # by sendfile or splice: the sample is of read calls
    return looked_up / (blame.touched_pages or 1)


def _looked_up(windows: Windows) -> float:
    """Return the pages that the service looked up in any way; 0 where that was not measured."""
    pages = windows.cache("looked_up", windows.service_ids)
    return 0.0 if pages is None else float(pages.sum())


def read_too_seldom(windows: Windows) -> float | None:
    """Return how often the service read each of its pages, where it may want more than it read in this capture."""
    times = times_read(windows)
    return None if times is None or times >= MIN_TIMES_READ else times
