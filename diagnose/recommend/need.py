"""What the service needs, so that the pages that came back would have stayed, with the arithmetic in words (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from diagnose import units
from diagnose.analysis.miss_ratio_curve import MIN_REFAULTS, counts_twice, curve, different_pages, may_forget
from diagnose.analysis.windows import BUFFERED, Series, Windows
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
WANTED_SHARE = 0.95
"""Of the refaults, to be avoided: the last twentieth of a tail would cost as much room as all the rest."""


@dataclass(frozen=True)
class Need:
    """Memory in bytes, the share of the refaults that it avoids (0 to 1), and how the figure came about.

    `swapped`: bytes among them that lay in swap and were fetched back; None: how many was not measured, so that the
    whole is a lower bound. `least`: it is one because what the service wants again was not measured.
    """

    bytes: int
    avoided: float
    lines: tuple[str, ...]
    swapped: int | None = 0
    least: bool = False


@dataclass(frozen=True)
class _Cache:
    """The same of the page cache alone, in words of one clause."""

    bytes: int
    avoided: float
    why: str


def need(windows: Windows) -> Need | None:
    """Return what the service needs, so that `WANTED_SHARE` of the pages that came back would have stayed.

    The least of three: the cache it had and the room that the miss-ratio curve asks for; the cache it had left at its
    lowest and every different page that came back, at most all that it read; all the different pages that it read, if
    it read them more than once. Where most of what came back had been evicted before the capture, there is no curve.
    Where next to nothing came back: what it used at its peak.
    """
    service = windows.capture.service
    usage, cache = (windows.gauge_of(service.cgroup, key) for key in ("usage_bytes", "file_bytes"))
    peak, different = peak_of(windows, service.cgroup, "usage_bytes"), different_pages(windows)
    if peak is None:
        return None
    swapped = _swapped(windows)
    known = usage is not None and cache is not None and not np.isnan(usage - cache).all()
    used = f"{service.cgroup} used {units.size(peak)} at its peak: it needs"
    if different is not None and different < MIN_REFAULTS:
        return _with_swap(peak, 1.0, f"{used} as much", swapped)
    if usage is None or cache is None or not known or different is None:
        more = "how much of what it lost it wants again was not measured"
        return replace(_with_swap(peak, 1.0, f"{used} at least as much; {more}", swapped), least=True)
    rest = max(0, int(np.nanmax(usage - cache)))  # the two are read one after the other
    wanted = min(_ways(windows, cache, different), key=lambda way: way.bytes)
    total = wanted.bytes + rest
    with_rest = f"with {units.size(rest)} of other memory it needs {units.size(total)}"
    return _with_swap(total, wanted.avoided, f"{service.cgroup}: {wanted.why}; {with_rest}{_caveat(windows)}", swapped)


def _swapped(windows: Windows) -> tuple[int | None, int]:
    """Return the bytes in swap that the service wants (None: not measured), and those that it fetched back.

    It wants what lay there at its peak, but never more than it fetched back: the rest has not been missed.
    """
    service, page = windows.capture.service, windows.capture.host.page_bytes
    refaults = windows.increase(service.cgroup_id, "refault_anon_pages")
    back = 0 if refaults is None or np.isnan(refaults).all() else int(np.nansum(refaults)) * page
    held = peak_of(windows, service.cgroup, "swap_bytes")
    if not back:
        return 0, 0
    return (None if held is None else min(held, back)), back


def _with_swap(size: int, avoided: float, line: str, swapped: tuple[int | None, int]) -> Need:
    """Add what lay in swap: memory of the service's own that its usage does not show."""
    more, back = swapped
    if not back:
        return Need(size, avoided, (line,))
    told = f"it fetched {units.size(back)} of its own memory back from swap"
    if more is None:
        return Need(size, avoided, (line, f"{told}; how much lay there was not measured: a lower bound"), None)
    held = f"of which at most {units.size(more)} lay there at once: with that it needs {units.size(size + more)}"
    return Need(size + more, avoided, (line, f"{told}, {held}"), more)


def _ways(windows: Windows, cache: Series, different: int) -> list[_Cache]:
    """Return every estimate of the cache that the service needs; each is an upper bound, so the least is taken."""
    ways = [_all_that_came_back(windows, cache, different), _by_curve(windows, cache, different), _touched(windows)]
    return [way for way in ways if way is not None]


def _all_that_came_back(windows: Windows, cache: Series, different: int) -> _Cache:
    """Return the room for what stayed and what came back: no more than it read, however often, however slowly.

    The count of different pages that came back is too high where more of them come back than are kept in mind.
    """
    lowest, pages, read = int(np.nanmin(cache)), different * windows.capture.host.page_bytes, _read(windows)
    most = "at most " if counts_twice(windows) or may_forget(windows) else ""
    back = f"{most}{units.size(pages)} of different pages came back"
    if read is not None and read.bytes < pages:
        pages, back = read.bytes, f"of what came back it wants no more than it used: {read.why}"
    return _Cache(lowest + pages, 1.0, f"its cache was {units.size(lowest)} at its lowest; {back}")


def _by_curve(windows: Windows, cache: Series, different: int) -> _Cache | None:
    page, found = windows.capture.host.page_bytes, curve(windows.capture)
    if found is None or found.distinct_pages < different / 2:
        return None
    pages, had = found.more_for(WANTED_SHARE), int(np.nanmedian(cache))
    avoided = max(WANTED_SHARE, found.avoided_with(pages))
    return _Cache(
        had + pages * page,
        avoided,
        f"its cache was {units.size(had)} (median), and {units.percent(avoided)} of {units.count(found.refaults)} "
        f"refaults would have stayed with {units.size(pages * page)} more",
    )


def _touched(windows: Windows) -> _Cache | None:
    """Return what the service read altogether, if it read it more than once: then it is all that it can want cached."""
    times = times_read(windows)
    return None if times is None or times < MIN_TIMES_READ else _read(windows)


def _read(windows: Windows) -> _Cache | None:
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
    # Shared memory that is mapped is in both figures (file_mapped in cgroup-v2.rst).
    held = f"mapped {units.size(mapped)}" if mapped >= shared else f"held {units.size(shared)} of shared memory"
    total = (pages + margin) * page + max(mapped, shared)
    return _Cache(
        total,
        1.0,
        f"it read {units.size(pages * page)} of different pages (by a sample of one in {SAMPLE_ONE_IN}; two standard "
        f"errors, {units.size(margin * page)}, are added) and {held}: {units.size(total)} in all",
    )


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
    if windows.capture.lost.get("touched_map_full") or windows.read_count(("io_uring",)).any():
        return None
    if by_any > (1 + LOOKUP_TOLERANCE) * looked_up:
        return None  # by sendfile or splice: the sample is of read calls
    return looked_up / (blame.touched_pages or 1)


def _looked_up(windows: Windows) -> float:
    """Return the pages that the service looked up in any way; 0 where that was not measured."""
    pages = windows.cache("looked_up", windows.service_ids)
    return 0.0 if pages is None else float(pages.sum())


def _caveat(windows: Windows) -> str:
    times = times_read(windows)
    if times is None or times >= MIN_TIMES_READ:
        return ""
    return (
        f". It read each of its pages {units.number(times)} times on average, so that it may want more than it read: a "
        "longer capture tells"
    )
