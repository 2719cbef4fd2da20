"""`page_cache` and `cgroups`: the service's hit ratio, and every cgroup's traffic and memory."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator

from diagnose.capture.hit_ratio import Contradiction
from diagnose.report.measurements.part import Figure, Part

Refused = Contradiction | Literal["unexplained"]
"""Why there is no hit ratio. "unexplained": by a report that was made before there were codes."""


def _code(value: object) -> object:
    """Return the code; reports made before there were any hold a sentence."""
    return "unexplained" if isinstance(value, str) and " " in value else value


class HitRatioSeries(Part):
    """Over time, a value a point, ratios computed from the sums."""

    hit_ratio: list[Figure]
    looked_up_pages: list[int]
    missed_pages: list[int]


class ServiceCache(Part):
    """The buffered reads of the service. `hit_ratio`: 1 - missed/looked up, in pages; None: withheld."""

    hit_ratio: Figure
    hit_ratio_refused: Annotated[Refused | None, BeforeValidator(_code)]
    """Which two counters contradict each other, so that there is no ratio; None: none do."""
    lowest_hit_ratio: Figure
    looked_up_pages: int
    missed_pages: int
    missed_reads: int
    series: HitRatioSeries


class CacheTraffic(Part):
    """What a cgroup's tasks looked up, missed, inserted and dirtied, in pages."""

    cgroup: str
    is_service: bool
    looked_up_pages: int | None
    missed_pages: int | None
    inserted_pages: int | None
    dirtied_pages: int | None
    inserted_share: Figure


class InsertedSeries(Part):
    """Over time, a value a point."""

    inserted_pages: list[int]


class DrawnTraffic(CacheTraffic):
    """One of the largest neighbours, also over time."""

    series: InsertedSeries


class PageCache(Part):
    """`cgroups`: the largest inserters first."""

    service: ServiceCache | None
    inserted_pages: int | None
    cgroups: list[DrawnTraffic | CacheTraffic] | None
    cgroups_omitted: int | None


class Level(Part):
    """A reading in bytes at the start, at its peak and at the end."""

    start: int | None
    peak: int | None
    end: int | None


class CgroupMemory(Part):
    """A cgroup and everything below it. Counters: by how much they rose."""

    cgroup: str
    name: str | None = None
    """The name that a person knows."""
    managed_by: str | None
    is_service: bool
    settings: dict[str, int | None] | None
    """At the start, by the kernel's names; a value of None: no limit."""
    file_bytes: Level
    usage_bytes: Level
    anon_bytes: Level
    refault_file_pages: int | None
    limit_hits: int | None
    io_read_bytes: int | None = None
    io_written_bytes: int | None = None


class MemorySeries(Part):
    """Over time, a value a point: the highest of a level, the rise of a counter."""

    file_bytes: list[int | None]
    refault_file_pages: list[int | None] = []
    io_read_bytes: list[int | None] = []


class DrawnMemory(CgroupMemory):
    """One of the first, also over time."""

    series: MemorySeries


class Cgroups(Part):
    """`list`: the service, then who evicted most of its pages, inserted most, or held most."""

    list: Sequence[DrawnMemory | CgroupMemory]
    omitted: int
