"""The instruments under each other: what the text timeline and the chart draw over one time axis (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose import escape, units
from diagnose.cgroups.paths import is_within
from diagnose.report.text_charts import Panel

if TYPE_CHECKING:
    from diagnose.report.model import Finding, Report

Node = dict[str, Any]
LINES = 5
"""Caches drawn at most, one beside the other."""
MATTERS = 0.05
"""Of the service's evicted pages: whoever removed so many is drawn, blamed or not."""
OTHERS = "all others"
LARGER = 1.5
"""Times the largest cache drawn: what is larger makes the lines next to it too flat to be read."""


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


def cached(report: Report) -> list[Node]:
    """Return whose page cache is drawn: the service's, that of the blamed and of its pages' evictors, the rest as one.

    None of them contains or lies in another one. Where the host's whole cache is not known, others are drawn apart.
    """
    listed = _listed(report)
    evictions: Any = report.measurements.get("evictions") or {}
    known = [n for n in listed if any(v is not None for v in n.get("series", {}).get("file_bytes", []))]
    root = next((n for n in known if n["cgroup"] == "/" and not n["is_service"]), None)
    blamed, evictors = suspects(report), _evictors(evictions)
    known.sort(key=lambda n: (not n["is_service"], n["cgroup"] not in blamed, n["cgroup"] not in evictors))
    chosen: list[Node] = []
    for node in known:
        path = node["cgroup"]
        matters = root is None or node["is_service"] or path in blamed or path in evictors
        if matters and not any(is_within(path, c["cgroup"]) or is_within(c["cgroup"], path) for c in chosen):
            chosen.append(node)
    if root is None:
        return chosen[:LINES]
    chosen = chosen[: LINES - 1]
    rest = _rest(root, chosen)
    return [*chosen, rest] if 0 < _peak(rest) <= LARGER * max(map(_peak, chosen), default=0) else chosen


def not_drawn(report: Report) -> str:
    """Return how much cache all others together held at most, where that would dwarf the lines; "" else."""
    drawn = cached(report)
    root = next((n for n in _listed(report) if n["cgroup"] == "/" and "series" in n and not n["is_service"]), None)
    if root is None or any(n["cgroup"] in ("/", OTHERS) for n in drawn):
        return ""
    most = _peak(_rest(root, drawn))
    return f"{OTHERS} up to {units.size(most)} together, not drawn" if most else ""


def _listed(report: Report) -> list[Node]:
    found: Any = report.measurements.get("cgroups") or {"list": []}
    listed: list[Node] = found["list"]
    return listed


def _peak(node: Node) -> int:
    return max((v for v in node["series"]["file_bytes"] if v is not None), default=0)


def _evictors(evictions: Node) -> set[str]:
    """Return who removed a part of the service's pages that matters."""
    least = MATTERS * (evictions.get("of_service_pages") or 0)
    rows = [row for row in evictions.get("matrix", []) if row["victim_is_service"] and row["cause"] != "truncate"]
    return {row["evictor"] for row in rows if row["pages"] >= least and row["evictor"] != "/"}


def _rest(root: Node, drawn: list[Node]) -> Node:
    """Return the host's cache without what is drawn; what the readings of different moments make negative is 0."""
    values = []
    for whole, *parts in zip(root["series"]["file_bytes"], *(n["series"]["file_bytes"] for n in drawn), strict=True):
        known = whole is not None and None not in parts
        values.append(max(0, whole - sum(parts)) if known else None)
    node: Node = {"cgroup": OTHERS, "is_service": False, "series": {"file_bytes": values}}
    return {**node, "file_bytes": {"peak": _peak(node)}}


def _inflow_panel(page_cache: Node, blamed: list[str], names: dict[str, str]) -> list[Panel]:
    """Return what the first suspect, with everything below it, brought into the cache; without one, all others."""
    rows = page_cache.get("cgroups") or []
    for name in blamed:
        below = [row for row in rows if is_within(row["cgroup"], name)]
        series = [row["series"]["inserted_pages"] for row in below if "series" in row]
        if series:
            whole = len(series) == len(below) and (len(below) == 1 or not page_cache["cgroups_omitted"])
            known = names.get(name, name)
            who = escape.shortened(known, 40) if whole else f"the largest of {escape.shortened(known, 26)}"
            return [_inflow(who, series)]
    others = [row for row in rows if not row["is_service"]]
    series = [row["series"]["inserted_pages"] for row in others if "series" in row]
    if not series:
        return []
    whole = len(series) == len(others) and not page_cache["cgroups_omitted"]
    return [_inflow(OTHERS if whole else f"the {len(series)} largest others", series)]


def _inflow(who: str, series: list[list[int]]) -> Panel:
    total = [sum(values) for values in zip(*series, strict=True)]
    return Panel(f"brought into the cache by {who}", "pages", total, units.count)


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
