"""What the service needs, so that the pages that came back would have stayed, and how that comes about (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.analysis.miss_ratio_curve import MIN_REFAULTS, counts_twice, curve, different_pages, may_forget
from diagnose.analysis.windows import Series, Windows
from diagnose.recommend.read_in_all import ReadInAll, all_that_it_wants, read_in_all, read_too_seldom
from diagnose.recommend.sizing import peak_of

WANTED_SHARE = 0.95
"""Of the refaults, to be avoided: the last twentieth of a tail would cost as much room as all the rest."""


@dataclass(frozen=True)
class UsedAtPeak:
    """The service needs what it used; `at_least`: and how much of what it lost it wants again was not measured."""

    service: str
    bytes: int
    at_least: bool


@dataclass(frozen=True)
class CameBack:
    """The cache at its lowest and every different page that came back."""

    lowest_bytes: int
    back_bytes: int
    at_most: bool
    """The count may be too high: pages that came back twice may have been counted twice."""
    read: ReadInAll | None = None
    """Where that is less than what came back: what it read stands for it."""

    @property
    def bytes(self) -> int:
        return self.lowest_bytes + (self.read.bytes if self.read else self.back_bytes)


@dataclass(frozen=True)
class ByCurve:
    """The median cache and the room that the miss-ratio curve asks for, so that a share of the refaults is avoided."""

    median_bytes: int
    more_bytes: int
    avoided: float
    refaults: int

    @property
    def bytes(self) -> int:
        return self.median_bytes + self.more_bytes


@dataclass(frozen=True)
class CacheWanted:
    """The cache that the service needs, by the least of the estimates, beside its other memory."""

    service: str
    cache: CameBack | ByCurve | ReadInAll
    other_bytes: int
    times_read: float | None
    """How often it read each page, where that is too seldom to tell all that it wants; else None."""

    @property
    def bytes(self) -> int:
        return self.cache.bytes + self.other_bytes


@dataclass(frozen=True)
class SwappedBack:
    """What the service fetched back from swap, and what of that lay there at once (None: not measured)."""

    back_bytes: int
    held_bytes: int | None
    needed_bytes: int
    """With the rest of its need."""


@dataclass(frozen=True)
class Need:
    """The memory that the service needs, and the share of the refaults that it avoids (0 to 1)."""

    basis: UsedAtPeak | CacheWanted
    avoided: float
    swap: SwappedBack | None = None
    """None: nothing was fetched back."""

    @property
    def bytes(self) -> int:
        return self.basis.bytes + (self.swapped or 0)

    @property
    def swapped(self) -> int | None:
        """Bytes that lay in swap and were fetched back; None: not measured, so that the whole is a lower bound."""
        return self.swap.held_bytes if self.swap else 0

    @property
    def least(self) -> bool:
        """Whether it is a lower bound because what the service wants again was not measured."""
        return isinstance(self.basis, UsedAtPeak) and self.basis.at_least

    @property
    def lines(self) -> tuple[UsedAtPeak | CacheWanted | SwappedBack, ...]:
        """How it came about."""
        return (self.basis, self.swap) if self.swap else (self.basis,)


def need(windows: Windows) -> Need | None:
    """Return what the service needs, so that `WANTED_SHARE` of the pages that came back would have stayed.

    The least of three: the cache it had and the room that the miss-ratio curve asks for; the cache it had left at its
    lowest and every different page that came back, at most all that it read; all the different pages that it read, if
    it read them more than once. Where most of what came back had been evicted before the capture, there is no curve.
    Where hardly anything came back: what it used at its peak.
    """
    service = windows.capture.service
    usage, cache = (windows.gauge_of(service.cgroup, key) for key in ("usage_bytes", "file_bytes"))
    peak, different = peak_of(windows, service.cgroup, "usage_bytes"), different_pages(windows)
    if peak is None:
        return None
    if different is not None and different < MIN_REFAULTS:
        return _with_swap(windows, UsedAtPeak(service.cgroup, peak, at_least=False), 1.0)
    known = usage is not None and cache is not None and not np.isnan(usage - cache).all()
    if usage is None or cache is None or not known or different is None:
        return _with_swap(windows, UsedAtPeak(service.cgroup, peak, at_least=True), 1.0)
    rest = max(0, int(np.nanmax(usage - cache)))  # the two are read one after the other
    wanted = min(_ways(windows, cache, different), key=lambda way: way.bytes)
    avoided = wanted.avoided if isinstance(wanted, ByCurve) else 1.0
    return _with_swap(windows, CacheWanted(service.cgroup, wanted, rest, read_too_seldom(windows)), avoided)


def _with_swap(windows: Windows, basis: UsedAtPeak | CacheWanted, avoided: float) -> Need:
    """Add what the service wants that lay in swap: memory of its own that its usage does not show.

    It wants what lay there at its peak, but never more than it fetched back: the rest has not been missed.
    """
    service, page = windows.capture.service, windows.capture.host.page_bytes
    refaults = windows.increase(service.cgroup_id, "refault_anon_pages")
    back = 0 if refaults is None or np.isnan(refaults).all() else int(np.nansum(refaults)) * page
    if not back:
        return Need(basis, avoided)
    peak = peak_of(windows, service.cgroup, "swap_bytes")
    held = None if peak is None else min(peak, back)
    return Need(basis, avoided, SwappedBack(back, held, basis.bytes + (held or 0)))


def _ways(windows: Windows, cache: Series, different: int) -> list[CameBack | ByCurve | ReadInAll]:
    """Return every estimate of the cache that the service needs; each is an upper bound, so the least is taken."""
    ways = (
        _all_that_came_back(windows, cache, different),
        _by_curve(windows, cache, different),
        all_that_it_wants(windows),
    )
    return [way for way in ways if way is not None]


def _all_that_came_back(windows: Windows, cache: Series, different: int) -> CameBack:
    """Return the room for what stayed and what came back: no more than it read, however often, however slowly.

    The count of different pages that came back is too high where more of them come back than are tracked.
    """
    pages, read = different * windows.capture.host.page_bytes, read_in_all(windows)
    at_most = counts_twice(windows) or may_forget(windows)
    less = read if read is not None and read.bytes < pages else None
    return CameBack(int(np.nanmin(cache)), pages, at_most, less)


def _by_curve(windows: Windows, cache: Series, different: int) -> ByCurve | None:
    page, found = windows.capture.host.page_bytes, curve(windows.capture)
    if found is None or found.distinct_pages < different / 2:
        return None
    pages = found.more_for(WANTED_SHARE)
    avoided = max(WANTED_SHARE, found.avoided_with(pages))
    return ByCurve(int(np.nanmedian(cache)), pages * page, avoided, found.refaults)
