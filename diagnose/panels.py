"""The instruments under each other: what the text timeline and the chart draw over one time axis (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose import escape, units
from diagnose.pictures import Panel

if TYPE_CHECKING:
    from diagnose.models import Finding, Report

Node = dict[str, Any]


def panels(report: Report) -> list[Panel]:
    """Return slow reads, hit ratio, evictions by others and the neighbour's inflow, as far as they were measured."""
    m = report.measurements
    context = m.get("capture")
    if isinstance(context, dict) and context.get("without_bpf"):
        return _file_panels(m, suspects(report))
    return [*_read_panels(m), *_eviction_panels(m, suspects(report))]


def main_finding(report: Report) -> Finding | None:
    """Return the finding that the verdict rests on."""
    return next((f for f in report.findings if f.rule == report.verdict.rule), None)


def suspects(report: Report) -> list[str]:
    """Return the cgroups that the main finding blames, the guiltiest first."""
    main = main_finding(report)
    return [culprit.cgroup for culprit in main.culprits] if main else []


def is_below(path: str, above: str) -> bool:
    """Tell whether a cgroup is another one or lies below it."""
    return path == above or path.startswith(f"{above.rstrip('/')}/")


def _read_panels(m: Node) -> list[Panel]:
    drawn = []
    if reads := m.get("read_latency"):
        drawn.append(
            Panel("slow reads of the service", "reads", reads["series"]["slow_reads"], units.count, whose="service")
        )
    if service := (m.get("page_cache") or {}).get("service"):
        ratios = service["series"]["hit_ratio"]
        title = "hit ratio of the service's reads"
        drawn.append(Panel(title, "share of pages", ratios, units.percent, "lowest", (None, 1.0), "service"))
    return drawn


def _eviction_panels(m: Node, blamed: list[str]) -> list[Panel]:
    drawn = []
    if evictions := m.get("evictions"):
        others, own = (evictions["series"][f"of_service_by_{who}_pages"] for who in ("others", "self"))
        drawn.append(Panel("evictions of the service's pages, not by its own reclaim", "pages", others, units.count))
        if sum(own) > sum(others):  # else they are what refetching the lost pages takes, and tell nothing
            title = "evictions of the service's pages by its own reclaim"
            drawn.append(Panel(title, "pages", own, units.count, whose="service"))
    return [*drawn, *_inflow_panel(m.get("page_cache") or {}, blamed, m.get("names") or {})]


def _inflow_panel(page_cache: Node, blamed: list[str], names: dict[str, str]) -> list[Panel]:
    """Return what the first suspect, with everything below it, brought into the cache; without one, the largest."""
    rows = page_cache.get("cgroups") or []
    drawn = [row for row in rows if "series" in row]
    for name in [*blamed, *(row["cgroup"] for row in drawn)]:
        below = [row for row in rows if is_below(row["cgroup"], name)]
        series = [row["series"]["inserted_pages"] for row in below if "series" in row]
        if series:
            whole = len(series) == len(below) and (len(below) == 1 or not page_cache["cgroups_omitted"])
            known = names.get(name, name)
            who = escape.shortened(known, 40) if whole else f"the largest of {escape.shortened(known, 26)}"
            total = [sum(values) for values in zip(*series, strict=True)]
            return [Panel(f"brought into the cache by {who}", "pages", total, units.count)]
    return []


def _file_panels(m: Node, blamed: list[str]) -> list[Panel]:
    """Return what files alone tell over time: the service's refaults, its cache, what the suspect's devices read."""
    listed = [node for node in (m.get("cgroups") or {"list": []})["list"] if "series" in node]
    names, drawn = m.get("names") or {}, []
    for node in listed:
        series, own = node["series"], node["is_service"]
        if own and any(v is not None for v in series["refault_file_pages"]):
            title = "evicted pages that the service read again"
            drawn.append(Panel(title, "pages", series["refault_file_pages"], units.count, whose="service"))
        if own:
            title = "page cache of the service"
            drawn.append(Panel(title, "bytes", series["file_bytes"], units.size, "highest", whose="service"))
        if node["cgroup"] in blamed[:1] and any(v is not None for v in series["io_read_bytes"]):
            title = f"read from devices by {escape.shortened(names.get(node['cgroup'], node['cgroup']), 40)}"
            drawn.append(Panel(title, "bytes", series["io_read_bytes"], units.size))
    return drawn
