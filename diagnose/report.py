"""A report as Markdown, for people, and as JSON, for programs (pure: the same report gives the same bytes everywhere).

The Markdown is rendered from the report alone, so that every number in it is in `report.json`. Whatever a template
prints is escaped unless it passed through a filter of `escape.py`: nothing the system is named can break out.
"""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from diagnose import escape, pictures, units
from diagnose.models import Finding, NotMeasured, Report
from diagnose.resources import folder
from diagnose.seal import sealed

Node = dict[str, Any]

_KINDS = ("hit", "missed", "direct")
_LIMITS = (
    "memory.max",
    "memory.high",
    "memory.low",
    "memory.min",
    "memory.limit_in_bytes",
    "memory.soft_limit_in_bytes",
)


def render_json(report: Report) -> str:
    """Return `report.json`: keys in the order of the model, `schema` first, plain ASCII, the digest last.

    Series are on one line each."""
    return _json(sealed(report.model_dump(mode="json", by_alias=True)), "") + "\n"


def render_markdown(report: Report) -> str:
    """Return `report.md`."""
    return render(
        "report.md.j2",
        report=report,
        m=report.measurements,
        context=report.measurements.get("capture") or {},
        main=main_finding(report),
    )


def render(template: str, **context: object) -> str:
    """Return one template of `reports/` as Markdown, whatever is printed escaped; paragraphs one blank line apart."""
    text = _environment().get_template(template).render(**context)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def main_finding(report: Report) -> Finding | None:
    """Return the finding that the verdict rests on."""
    return next((f for f in report.findings if f.rule == report.verdict.rule), None)


def reproduce(report: Report) -> list[str]:
    """Return the command lines that measure again, and that make this report again from its capture."""
    context = report.measurements.get("capture")
    windows = context["requested_windows"] if isinstance(context, dict) else report.capture.windows
    seconds = report.capture.window_seconds
    name = shlex.quote(report.service.name)
    option = f"--service={name}" if report.service.name.startswith("-") else f"--service {name}"
    without = " --no-bpf" if isinstance(context, dict) and context.get("without_bpf") else ""
    return [
        f"diagnose latency {option} --duration {windows * seconds:.10g} --window {seconds:.10g}{without}",
        "diagnose report capture.json.gz",
    ]


def read_histogram(reads: Node) -> str:
    """Return the picture of the read histogram, split by hit and miss, with a mark where slow begins."""
    octaves, threshold = reads["histogram"], reads["slow_threshold_seconds"]
    edges = list(zip(octaves["lower_seconds"], octaves["upper_seconds"], strict=True))
    labels = [f"{units.duration(low)} to {units.duration(high)}" for low, high in edges]
    series = {kind: octaves[kind] for kind in _KINDS if any(octaves[kind])}
    slow = next((i for i, (_, high) in enumerate(edges) if high > threshold * (1 + 1e-5)), None)
    marks = {slow: f"slow: from {units.duration(threshold)} on"} if slow is not None else {}
    return pictures.histogram(labels, series, marks) if series else ""


def miss_ratio_curve(room: Node) -> str:
    """Return the picture of the miss-ratio curve's tail: a bar a step of room, full at all refaults avoided."""
    sizes = [units.size(point["more_bytes"]) for point in room["curve"]]
    width = max(map(len, sizes))
    return "\n".join(
        f"{size:>{width}} |{pictures.bar(point['share'], 1.0, 50)} {units.percent(point['share'])}"
        for size, point in zip(sizes, room["curve"], strict=True)
    )


def timeline(report: Report) -> str:
    """Return the instruments under each other: slow reads, hit ratio, evictions by others, the neighbour's inflow."""
    m, context = report.measurements, report.measurements.get("capture")
    if not isinstance(context, dict) or not context["points"]:
        return ""
    merged = context["windows_per_point"]
    if context.get("without_bpf"):
        panels = _file_panels(m, _suspects(report))
    else:
        panels = [*_read_panels(m), *_eviction_panels(m, _suspects(report))]
    return pictures.timeline(panels, report.capture.window_seconds, merged) if panels else ""


def _read_panels(m: Node) -> list[pictures.Panel]:
    panels = []
    if reads := m.get("read_latency"):
        panels.append(pictures.Panel("slow reads of the service", "reads", reads["series"]["slow_reads"], units.count))
    if service := (m.get("page_cache") or {}).get("service"):
        ratios = service["series"]["hit_ratio"]
        panels.append(
            pictures.Panel(
                "hit ratio of the service's reads", "share of pages", ratios, units.percent, "lowest", (None, 1.0)
            )
        )
    return panels


def _eviction_panels(m: Node, suspects: list[str]) -> list[pictures.Panel]:
    panels = []
    if evictions := m.get("evictions"):
        values = evictions["series"]["of_service_by_others_pages"]
        panels.append(pictures.Panel("evictions of the service's pages by others", "pages", values, units.count))
    return [*panels, *_inflow_panel(m.get("page_cache") or {}, suspects)]


def _inflow_panel(page_cache: Node, suspects: list[str]) -> list[pictures.Panel]:
    """Return what the first suspect, with everything below it, brought into the cache; without one, the largest."""
    rows = page_cache.get("cgroups") or []
    drawn = [row for row in rows if "series" in row]
    for name in [*suspects, *(row["cgroup"] for row in drawn)]:
        below = [row for row in rows if row["cgroup"] == name or row["cgroup"].startswith(f"{name.rstrip('/')}/")]
        series = [row["series"]["inserted_pages"] for row in below if "series" in row]
        if series:
            whole = len(series) == len(below) and (len(below) == 1 or not page_cache["cgroups_omitted"])
            who = escape.shortened(name, 40) if whole else f"the largest of {escape.shortened(name, 26)}"
            total = [sum(values) for values in zip(*series, strict=True)]
            return [pictures.Panel(f"brought into the cache by {who}", "pages", total, units.count)]
    return []


def _file_panels(m: Node, suspects: list[str]) -> list[pictures.Panel]:
    """Return what files alone tell over time: the service's refaults, its cache, what the suspect's devices read."""
    listed = [node for node in (m.get("cgroups") or {"list": []})["list"] if "series" in node]
    panels = []
    for node in listed:
        series, own = node["series"], node["is_service"]
        if own and any(v is not None for v in series["refault_file_pages"]):
            panels.append(
                pictures.Panel(
                    "evicted pages that the service read again", "pages", series["refault_file_pages"], units.count
                )
            )
        if own:
            panels.append(
                pictures.Panel("page cache of the service", "bytes", series["file_bytes"], units.size, "highest")
            )
        if node["cgroup"] in suspects[:1] and any(v is not None for v in series["io_read_bytes"]):
            title = f"read from devices by {escape.shortened(node['cgroup'], 40)}"
            panels.append(pictures.Panel(title, "bytes", series["io_read_bytes"], units.size))
    return panels


def _suspects(report: Report) -> list[str]:
    main = main_finding(report)
    return [culprit.cgroup for culprit in main.culprits] if main else []


def limits(settings: Node | None) -> str:
    """Return the memory limits that are set on a cgroup, "memory.max 512 MiB"."""
    if settings is None or not any(name in settings for name in _LIMITS):
        return units.UNKNOWN
    known = [f"{name} {units.size(settings[name])}" for name in _LIMITS if settings.get(name) is not None]
    return ", ".join(n for n in known if not n.endswith(("low 0 B", "min 0 B"))) or "none"


def alike(rows: list[NotMeasured]) -> list[list[NotMeasured]]:
    """Return what was not measured, grouped by reason and remedy, in the order of the first of each."""
    groups: dict[tuple[str, str | None], list[NotMeasured]] = {}
    for row in rows:
        groups.setdefault((row.reason, row.how_to_enable), []).append(row)
    return list(groups.values())


def stall(stalls: Node, name: str) -> str:
    """Return the time stalled, and its share of the capture: "1.2 s (1 %)"."""
    values = stalls.get(name)
    if values is None:
        return "not measured"
    return f"{units.duration(values['seconds'])} ({units.percent(values['share'])})"


def _finalize(value: object) -> object:
    """Escape whatever a template prints that is not Markdown already; None is unknown."""
    return value if isinstance(value, Markup) else escape.prose(units.UNKNOWN if value is None else value)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("reports")),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "alike": alike,
        "code": escape.code,
        "cell": escape.cell,
        "fence": escape.fence,
        "command": escape.command,
        "shell": shlex.quote,
        "count": units.count,
        "size": units.size,
        "exact_size": units.exact_size,
        "duration": units.duration,
        "percent": units.percent,
        "number": units.number,
        "quantity": units.quantity,
        "limits": limits,
    }
    environment.globals |= {
        "host_time": units.utc_and_host_time,
        "miss_ratio_curve": miss_ratio_curve,
        "read_histogram": read_histogram,
        "reproduce": reproduce,
        "stall": stall,
        "timeline": timeline,
    }
    return environment


def _json(value: Any, indent: str) -> str:
    """Return indented JSON whose lists of plain values stay on one line."""
    inner = f"{indent}  "
    if isinstance(value, dict) and value:
        items = [f"{inner}{json.dumps(str(key))}: {_json(v, inner)}" for key, v in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
        return "[\n" + ",\n".join(f"{inner}{_json(v, inner)}" for v in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)
