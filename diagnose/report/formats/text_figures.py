"""The pictures made of text in a report: what each shows, drawn by `text_charts.py` (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from diagnose import units
from diagnose.analysis.windows import FILE_KINDS
from diagnose.report import text_charts
from diagnose.report.measurements.eviction_models import Ages, Room
from diagnose.report.measurements.read_models import ReadLatency
from diagnose.report.model import Report
from diagnose.report.panels import panels


def read_histogram(reads: ReadLatency) -> str:
    """Return the picture of the read histogram, split by hit and miss, with a mark where slow begins."""
    octaves, threshold = reads.histogram, reads.slow_threshold_seconds
    edges = list(zip(octaves.lower_seconds, octaves.upper_seconds, strict=True))
    labels = [f"{units.duration(low)} to {units.duration(high)}" for low, high in edges]
    series: dict[str, Sequence[int]] = {kind: counts for kind in FILE_KINDS if any(counts := getattr(octaves, kind))}
    slow = next((i for i, (_, high) in enumerate(edges) if high > threshold * (1 + 1e-5)), None)
    marks = {}
    if slow is not None:
        within = "" if edges[slow][0] >= threshold * (1 - 1e-5) else ", within the next row"
        marks[slow] = f"slow: from {units.duration(threshold)} on{within}"
    return text_charts.histogram(labels, series, marks) if series else ""


def eviction_ages(ages: Ages) -> str:
    """Return the picture of how long before the read the pages had been evicted, in octaves."""
    rows = list(zip(ages.lower_seconds, ages.upper_seconds, ages.reads, strict=True))
    before = [row for row in rows if row[1] > units.AT_ONCE * 1.1]
    labels = [f"{units.duration(low)} to {units.duration(high)}" for low, high, _ in before]
    counts = [reads for _, _, reads in before]
    if meanwhile := sum(reads for _, high, reads in rows if high <= units.AT_ONCE * 1.1):
        labels, counts = ["while it waited", *labels], [meanwhile, *counts]
    return text_charts.histogram(labels, {"reads": counts})


def miss_ratio_curve(room: Room) -> str:
    """Return the picture of the miss-ratio curve's tail: a bar a step of room, full at all refaults avoided."""
    sizes = [units.size(point.more_bytes) for point in room.curve]
    width = max(map(len, sizes), default=0)
    return "\n".join(
        f"{size:>{width}} |{text_charts.bar(point.share, 1.0, 50)} {units.percent(point.share)}"
        for size, point in zip(sizes, room.curve, strict=True)
    )


def timeline(report: Report) -> str:
    """Return the instruments under each other: slow reads, hit ratio, evictions by others, the neighbour's inflow."""
    context = report.measurements.capture
    drawn = panels(report) if context.points else []
    return text_charts.timeline(drawn, report.capture.window_seconds, context.windows_per_point) if drawn else ""
