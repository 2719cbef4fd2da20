"""The instruments under each other: what the text timeline and the chart draw over one time axis (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose import escape, units
from diagnose.analysis.evictions import EVICTED
from diagnose.cgroups.paths import is_within
from diagnose.report.measurements.cache_models import DrawnMemory, DrawnTraffic, PageCache
from diagnose.report.text_charts import Panel

if TYPE_CHECKING:
    from diagnose.report.measurements.eviction_models import Evictions
    from diagnose.report.measurements.model import Measurements
    from diagnose.report.model import Finding, Report

LINES = 5
"""Caches drawn at most, one beside the other."""
MATTERS = 0.05
"""Of the service's evicted pages: whoever removed so many is drawn, blamed or not."""
OTHERS = "all others"
LARGER = 1.5
"""Times the largest cache drawn: what is larger makes the lines next to it too flat to be read."""


@dataclass(frozen=True)
class Line:
    """A cgroup's page cache over time, in bytes a point; None: not read."""

    cgroup: str
    is_service: bool
    values: Sequence[int | None]
    peak_bytes: int | None
    """Of the whole capture: no point need hold it."""

    @property
    def highest_drawn(self) -> int:
        return max((v for v in self.values if v is not None), default=0)


def panels(report: Report) -> list[Panel]:
    """Return slow reads, hit ratio, evictions by others and the neighbour's inflow, as far as they were measured."""
    m = report.measurements
    if m.capture.without_bpf:
        return _file_panels(m, suspects(report))
    return [*_read_panels(m), *_eviction_panels(m, suspects(report))]


def main_finding(report: Report) -> Finding | None:
    """Return the finding that the verdict rests on."""
    return next((f for f in report.findings if f.rule == report.verdict.rule), None)


def suspects(report: Report) -> list[str]:
    """Return the cgroups that the main finding blames, the guiltiest first."""
    main = main_finding(report)
    return [culprit.cgroup for culprit in main.culprits] if main else []


def _read_panels(m: Measurements) -> list[Panel]:
    drawn = []
    if reads := m.read_latency:
        drawn.append(Panel("slow reads of the service", "reads", reads.series.slow_reads, units.count, whose="service"))
    if m.page_cache and (service := m.page_cache.service):
        title = "hit ratio of the service's reads"
        ratios = service.series.hit_ratio
        drawn.append(Panel(title, "share of pages", ratios, units.percent, "lowest", (None, 1.0), "service"))
    return drawn


def _eviction_panels(m: Measurements, blamed: list[str]) -> list[Panel]:
    drawn = []
    if m.evictions:
        others, own = m.evictions.series.of_service_by_others_pages, m.evictions.series.of_service_by_self_pages
        drawn.append(Panel("evictions of the service's pages, not by its own reclaim", "pages", others, units.count))
        if sum(own) > sum(others):  # else they are what refetching the lost pages takes, and tell nothing
            title = "evictions of the service's pages by its own reclaim"
            drawn.append(Panel(title, "pages", own, units.count, whose="service"))
    return [*drawn, *(_inflow_panel(m.page_cache, blamed, m.names) if m.page_cache else [])]


def cached(report: Report) -> list[Line]:
    """Return whose page cache is drawn: the service's, that of the blamed and of its pages' evictors, the rest as one.

    None of them contains or lies in another one. Where the host's whole cache is not known, others are drawn apart.
    """
    known = [line for line in _lines(report) if any(v is not None for v in line.values)]
    root = next((line for line in known if line.cgroup == "/" and not line.is_service), None)
    blamed, evictors = suspects(report), _evictors(report.measurements.evictions)
    known.sort(key=lambda line: (not line.is_service, line.cgroup not in blamed, line.cgroup not in evictors))
    chosen: list[Line] = []
    for line in known:
        path = line.cgroup
        matters = root is None or line.is_service or path in blamed or path in evictors
        if matters and not any(is_within(path, c.cgroup) or is_within(c.cgroup, path) for c in chosen):
            chosen.append(line)
    if root is None:
        return chosen[:LINES]
    chosen = chosen[: LINES - 1]
    rest, largest = _rest(root, chosen), max((line.highest_drawn for line in chosen), default=0)
    return [*chosen, rest] if 0 < rest.highest_drawn <= LARGER * largest else chosen


def not_drawn(report: Report) -> str:
    """Return how much cache all others together held at most, where that would dwarf the lines; "" else."""
    drawn = cached(report)
    root = next((line for line in _lines(report) if line.cgroup == "/" and not line.is_service), None)
    if root is None or any(line.cgroup in ("/", OTHERS) for line in drawn):
        return ""
    most = _rest(root, drawn).highest_drawn
    return f"{OTHERS} up to {units.size(most)} together, not drawn" if most else ""


def _drawn(m: Measurements) -> list[DrawnMemory]:
    return [row for row in m.cgroups.list if isinstance(row, DrawnMemory)] if m.cgroups else []


def _lines(report: Report) -> list[Line]:
    return [
        Line(row.cgroup, row.is_service, row.series.file_bytes, row.file_bytes.peak)
        for row in _drawn(report.measurements)
    ]


def _evictors(evictions: Evictions | None) -> set[str]:
    """Return who removed a part of the service's pages that matters."""
    if evictions is None:
        return set()
    least = MATTERS * evictions.of_service_pages
    rows = [row for row in evictions.matrix if row.victim_is_service and row.cause in EVICTED]
    return {row.evictor for row in rows if row.pages >= least and row.evictor != "/"}


def _rest(root: Line, drawn: list[Line]) -> Line:
    """Return the host's cache without what is drawn; what the readings of different moments make negative is 0."""
    values: list[int | None] = []
    for whole, *parts in zip(root.values, *(line.values for line in drawn), strict=True):
        known = [part for part in parts if part is not None]
        values.append(None if whole is None or len(known) < len(parts) else max(0, whole - sum(known)))
    return Line(OTHERS, False, values, max((v for v in values if v is not None), default=0))


def _inflow_panel(page_cache: PageCache, blamed: list[str], names: dict[str, str]) -> list[Panel]:
    """Return what the first suspect, with everything below it, brought into the cache; without one, all others."""
    rows = page_cache.cgroups or []
    for name in blamed:
        below = [row for row in rows if is_within(row.cgroup, name)]
        series = [row.series.inserted_pages for row in below if isinstance(row, DrawnTraffic)]
        if series:
            whole = len(series) == len(below) and (len(below) == 1 or not page_cache.cgroups_omitted)
            known = names.get(name, name)
            who = escape.shortened(known, 40) if whole else f"the largest of {escape.shortened(known, 26)}"
            return [_inflow(who, series)]
    others = [row for row in rows if not row.is_service]
    series = [row.series.inserted_pages for row in others if isinstance(row, DrawnTraffic)]
    if not series:
        return []
    whole = len(series) == len(others) and not page_cache.cgroups_omitted
    return [_inflow(OTHERS if whole else f"the {len(series)} largest others", series)]


def _inflow(who: str, series: list[list[int]]) -> Panel:
    total = [sum(values) for values in zip(*series, strict=True)]
    return Panel(f"brought into the cache by {who}", "pages", total, units.count)


def _file_panels(m: Measurements, blamed: list[str]) -> list[Panel]:
    """Return what files alone tell over time: the service's refaults, its cache, what the suspect's devices read."""
    drawn = []
    for row in _drawn(m):
        series = row.series
        if row.is_service and any(v is not None for v in series.refault_file_pages):
            title = "evicted pages that the service read again"
            drawn.append(Panel(title, "pages", series.refault_file_pages, units.count, whose="service"))
        if row.is_service:
            title = "page cache of the service"
            drawn.append(Panel(title, "bytes", series.file_bytes, units.size, "highest", whose="service"))
        if row.cgroup in blamed[:1] and any(v is not None for v in series.io_read_bytes):
            title = f"read from devices by {escape.shortened(m.names.get(row.cgroup, row.cgroup), 40)}"
            drawn.append(Panel(title, "bytes", series.io_read_bytes, units.size))
    return drawn
