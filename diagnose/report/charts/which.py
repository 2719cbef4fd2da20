"""Which pictures a report has, with a title and what each shows in words, for those who do not see it (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose import units
from diagnose.analysis.evictions import EVICTED
from diagnose.escape import visible
from diagnose.report.charts.files import FOLDER
from diagnose.report.panels import cached, not_drawn, panels

if TYPE_CHECKING:
    from diagnose.report.measurements.model import Measurements
    from diagnose.report.model import Report


@dataclass(frozen=True)
class Picture:
    """A picture by its name in FILES; `alt` says what it shows, with the numbers that matter, on one line."""

    name: str
    title: str
    alt: str

    @property
    def svg(self) -> str:
        return f"{FOLDER}/{self.name}.svg"

    @property
    def png(self) -> str:
        return f"{FOLDER}/{self.name}.png"


def which(report: Report) -> dict[str, Picture]:
    """Return the pictures for which there is something to draw, by name, in the order of NAMES."""
    m = report.measurements
    found = (_over_time(report), _modes(m), _evictions(m), _cache(report), _room(m))
    return {picture.name: replace(picture, alt=visible(picture.alt)) for picture in found if picture}


def _over_time(report: Report) -> Picture | None:
    reads, drawn = report.measurements.read_latency, panels(report)
    if reads is None or not reads.map.reads:
        return None
    seconds = report.capture.windows * report.capture.window_seconds
    below = "; ".join(panel.title for panel in drawn[1:])
    alt = (
        f"Heat map of {units.count(reads.file_reads)} reads by latency over {units.number(seconds)} s, "
        f"{units.count(reads.slow_reads)} of them at {units.duration(reads.slow_threshold_seconds)} or more"
    )
    alt += f"; below it on the same axis: {below}" if below else ""
    return Picture("latency-over-time", "Reads over time", alt)


def _modes(m: Measurements) -> Picture | None:
    reads = m.read_latency
    if reads is None or not reads.map.reads:
        return None
    parts = [
        f"{mode.mode} reads {units.percent(mode.share)} of all, median {units.duration(mode.median_seconds)}"
        for mode in reads.modes
        if mode.reads
    ]
    alt = f"Histogram of read latency, hits apart from misses: {'; '.join(parts)}"
    return Picture("latency-modes", "Hits and misses by latency", alt)


def _evictions(m: Measurements) -> Picture | None:
    rows = [row for row in m.evictions.matrix if row.cause in EVICTED] if m.evictions else []
    if m.evictions is None or not rows:
        return None
    count, largest = units.count(m.evictions.of_service_pages), rows[0]
    alt = f"Matrix of who evicted whose pages; {count} were the service's"
    if largest.victim_is_service:
        alt += f", most of them ({units.count(largest.pages)}) evicted by {largest.evictor_label}"
    return Picture("evictions", "Who evicted whose pages", alt)


def _cache(report: Report) -> Picture | None:
    lines = cached(report)
    if not any(any(line.values) for line in lines):
        return None
    peaks = "; ".join(f"{line.cgroup} up to {units.size(line.peak_bytes)}" for line in lines)
    if rest := not_drawn(report):
        peaks += f"; {rest}"
    return Picture("page-cache", "Page cache per cgroup", f"Page cache of each cgroup over time: {peaks}")


def _room(m: Measurements) -> Picture | None:
    if m.blame is None or m.blame.room is None:
        return None
    parts = ", ".join(f"{units.percent(a.share)} with {units.size(a.more_bytes)}" for a in m.blame.room.avoided)
    return Picture("miss-ratio", "What more room would avoid", f"Share of the refaults avoided with more room: {parts}")
