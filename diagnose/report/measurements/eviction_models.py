"""`evictions` and `blame`: who removed whose pages and why, and which evictions the missed reads waited for."""

from typing import Literal

from pydantic import Field

from diagnose.capture.base import Cause, EvictedBy
from diagnose.report.measurements.part import Figure, Number, Part

Agreement = Literal["unchecked", "doubtful", "excused", "incomplete", "agreed"]
"""Of the pages that were seen to come back with the kernel's count: it was not read; many more were seen than it can
have counted; more were seen than it counts, but no more than it leaves out; many fewer were seen; neither."""


class Removed(Part):
    """A row of the eviction matrix."""

    evictor: str
    evictor_label: str
    victim: str
    victim_is_service: bool
    cause: Cause
    pages: int
    bytes: int


class Apportioned(Part):
    """A cgroup's part of kswapd's evictions of the service, by its inflow in the same windows: an estimate."""

    cgroup: str
    pages: int
    share: Figure


class EvictionSeries(Part):
    """Over time, a value a point; the service's own are its reclaim and what it gave away itself."""

    of_service_by_others_pages: list[int]
    of_service_by_self_pages: list[int]


class Evictions(Part):
    """`of_service_pages` leaves out truncation and unlink: those pages were thrown away, not pushed out.

    Among `of_service_by_pages`, `self` is its own reclaim, `dropped` what drop_caches, fadvise or the like removed.
    """

    total_pages: int
    by_cause_pages: dict[Cause, int]
    of_service_pages: int
    of_service_by_pages: dict[EvictedBy, int]
    matrix: list[Removed]
    """Those whose victim is the service first, then by pages."""
    matrix_omitted_rows: int
    matrix_omitted_pages: int
    kswapd_apportioned: list[Apportioned] | None
    """None: insertions were not measured."""
    kswapd_unapportioned_pages: int
    series: EvictionSeries


class BlamedOn(Part):
    """The missed reads that waited for pages which one evictor had removed for one cause."""

    evictor: str
    evictor_label: str
    evictor_is_service: bool
    cause: Cause
    reads: int
    share: Figure
    total_seconds: Number


class AgeQuantiles(Part):
    """From the eviction to the read that waited for the page, in seconds."""

    p10: Number
    p50: Number
    p90: Number


class Ages(Part):
    """Reads by that time, in bins that double."""

    lower_seconds: list[Number]
    upper_seconds: list[Number]
    reads: list[int]


class RoomPoint(Part):
    """The share of the refaults that so much more room would have avoided."""

    more_bytes: int
    share: Number


class RoomFor(Part):
    """So much more room would have avoided this share of the refaults."""

    share: Number
    more_bytes: int


class Room(Part):
    """The tail of the miss-ratio curve."""

    refaults: int
    distinct_pages: int
    distinct_at_most: bool = False
    curve: list[RoomPoint] = []
    avoided: list[RoomFor]


class CrossCheck(Part):
    """The pages seen to come back, compared with the kernel's count."""

    seen_pages: int
    kernel_pages: int | None
    dropped_pages: int = 0
    rewritten_pages: int = 0
    tolerance: Number
    least_seen: Number = 0.5
    few_pages: int = 0
    verdict: str = ""
    """What `agreement` comes to, in words."""
    agreement: Agreement | None = Field(default=None, exclude=True)
    """None: read from a file, which holds the words alone."""


class SlowExample(Part):
    """One of the slowest blamed reads."""

    offset_seconds: Number
    latency_seconds: Number
    tid: int
    comm: str
    path: str
    position_bytes: int
    evictor_label: str
    evictor: str
    cause: Cause
    age_seconds: Number


class Blame(Part):
    """Who the missed reads waited for."""

    missed_reads: int
    blamed_reads: int
    not_evicted_during_capture_reads: int
    evicted_before_capture_pages: int | None = None
    may_have_forgotten: bool = False
    blamed_share: Figure
    total_seconds: Number
    time_share: Figure = None
    by: list[BlamedOn]
    age_seconds: AgeQuantiles | None
    ages: Ages | None = None
    remembered_pages: int | None = None
    map_bytes: int | None = None
    room: Room | None
    cross_check: CrossCheck
    examples: list[SlowExample]
