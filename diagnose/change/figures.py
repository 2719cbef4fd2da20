"""One side of a comparison, out of a report's measurements: the same figures before and after (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from diagnose.cgroups.paths import is_within
from diagnose.change.model import Figures, Neighbour
from diagnose.report.measurements.cache_models import PageCache
from diagnose.report.model import Report


def figures_of(report: Report, changed: Sequence[str]) -> Figures | None:
    """Return a report's side; None if reads were not measured, or the report does not hold what it should.

    `changed`: the cgroups whose traffic is compared as well, each with everything below it, but not the service's own.
    """
    m, capture = report.measurements, report.capture
    reads, cache = m.read_latency, m.page_cache
    if reads is None:
        return None
    others = None if m.evictions is None else sum(m.evictions.series.of_service_by_others_pages)
    by_whom = m.evictions.of_service_by_pages if m.evictions else {}
    try:
        return Figures(
            start=capture.start,
            seconds=capture.windows * capture.window_seconds,
            windows=capture.windows,
            points=m.capture.points,
            slow_threshold_seconds=reads.slow_threshold_seconds,
            file_reads=reads.file_reads,
            slow_reads=reads.slow_reads,
            p50_seconds=reads.p50_seconds,
            p90_seconds=reads.p90_seconds,
            p99_seconds=reads.p99_seconds,
            p999_seconds=reads.p999_seconds,
            hit_ratio=cache.service.hit_ratio if cache and cache.service else None,
            evicted_by_others_pages=others,
            evicted_by_pages={str(who): pages for who, pages in by_whom.items()},
            file_reads_series=reads.series.file_reads,
            slow_reads_series=reads.series.slow_reads,
            p99_seconds_series=reads.series.p99_seconds,
            neighbours=[
                Neighbour(cgroup=c, inserted_pages=_inserted(cache, c))
                for c in dict.fromkeys(changed)
                # Nor who protects the service: it is not to bring in as much as before, that is the point.
                if not is_within(report.service.cgroup, c) and not is_within(c, report.service.cgroup)
            ],
        )
    except ValidationError:
        return None


def _inserted(cache: PageCache | None, cgroup: str) -> int | None:
    """Return what a cgroup and everything below it brought into the cache; None: not measured."""
    if cache is None or cache.cgroups is None:
        return None
    return sum(row.inserted_pages or 0 for row in cache.cgroups if is_within(row.cgroup, cgroup))
