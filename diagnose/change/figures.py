"""One side of a comparison, out of a report's measurements: the same figures before and after (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from diagnose.cgroups.paths import is_within
from diagnose.change.model import Figures, Neighbour
from diagnose.report.model import Report

Node = dict[str, Any]


def figures_of(report: Report, changed: Sequence[str]) -> Figures | None:
    """Return a report's side; None if reads were not measured, or the report does not hold what it should.

    `changed`: the cgroups whose traffic is compared as well, each with everything below it, but not the service's own.
    """
    m = report.measurements
    reads, capture = _node(m.get("read_latency")), _node(m.get("capture"))
    cache, evictions = _node(m.get("page_cache")), _node(m.get("evictions"))
    series = _node(reads.get("series"))
    try:
        return Figures(
            start=report.capture.start,
            seconds=report.capture.windows * report.capture.window_seconds,
            windows=report.capture.windows,
            points=capture.get("points", 0),
            slow_threshold_seconds=reads.get("slow_threshold_seconds", 0.0),
            file_reads=reads.get("file_reads", -1),
            slow_reads=reads.get("slow_reads", -1),
            p50_seconds=reads.get("p50_seconds"),
            p90_seconds=reads.get("p90_seconds"),
            p99_seconds=reads.get("p99_seconds"),
            p999_seconds=reads.get("p999_seconds"),
            hit_ratio=_node(cache.get("service")).get("hit_ratio"),
            evicted_by_others_pages=_total(_node(evictions.get("series")).get("of_service_by_others_pages")),
            evicted_by_pages=_node(evictions.get("of_service_by_pages")),
            file_reads_series=series.get("file_reads", []),
            slow_reads_series=series.get("slow_reads", []),
            p99_seconds_series=series.get("p99_seconds", []),
            neighbours=[
                Neighbour(cgroup=c, inserted_pages=_inserted(cache, c))
                for c in dict.fromkeys(changed)
                # Nor who protects the service: it is not to bring in as much as before, that is the point.
                if not is_within(report.service.cgroup, c) and not is_within(c, report.service.cgroup)
            ],
        )
    except (ValidationError, TypeError, ValueError):
        return None


def _node(value: object) -> Node:
    return value if isinstance(value, dict) else {}


def _total(series: object) -> int | None:
    return sum(series) if isinstance(series, list) and all(isinstance(v, int) for v in series) else None


def _inserted(cache: Node, cgroup: str) -> int | None:
    rows = cache.get("cgroups")
    if not isinstance(rows, list):
        return None
    below: list[int] = [
        row["inserted_pages"]
        for row in rows
        if isinstance(row, dict)
        and isinstance(row.get("cgroup"), str)
        and isinstance(row.get("inserted_pages"), int)
        and is_within(row["cgroup"], cgroup)
    ]
    return sum(below)
