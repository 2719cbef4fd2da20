"""A report as Markdown, for people, and as JSON, for programs (pure: the same report gives the same bytes everywhere).

The Markdown is rendered from the report alone, so that every number in it is in `report.json`. Whatever a template
prints is escaped unless it passed through a filter of `escape.py`: nothing the system is named can break out.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

from diagnose import escape, units
from diagnose.analysis.windows import FILE_KINDS
from diagnose.cgroups.settings import SETTINGS
from diagnose.report import text_charts
from diagnose.report.digest import sealed
from diagnose.report.model import Evidence, Finding, NotMeasured, Report
from diagnose.report.panels import main_finding, panels
from diagnose.resources import folder

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from diagnose.report.charts.which import Picture

Node = dict[str, Any]

ENOUGH_WINDOWS = 30
"""So many windows hold the pairs, the bursts and the windows between them that the tests over time ask for."""


def render_json(report: Report) -> str:
    """Return `report.json`: keys in the order of the model, `schema` first, plain ASCII, the digest last.

    Series are on one line each."""
    return _json(sealed(report.model_dump(mode="json", by_alias=True)), "") + "\n"


def render_markdown(report: Report, charts: Mapping[str, Picture] | None = None) -> str:
    """Return `report.md`, with links to the pictures that are written beside it."""

    def chart(name: str) -> Markup:
        shown = (charts or {}).get(name)
        return escape.image(shown.alt, shown.png, shown.svg) if shown else Markup("")

    return render(
        "report.md.j2",
        chart=chart,
        report=report,
        m=report.measurements,
        context=report.measurements.get("capture") or {},
        main=main_finding(report),
    )


def render(template: str, **context: object) -> str:
    """Return one template of `reports/` as Markdown, whatever is printed escaped; paragraphs one blank line apart."""
    text = _environment().get_template(template).render(**context)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def deciding(main: Finding | None) -> list[Evidence]:
    """Return the evidence that the confidence rests on: that of the rule's mechanisms, also of those that fail."""
    return [e for e in main.evidence if e.mechanism is not None] if main and main.known_by else []


def outcome(evidence: Evidence) -> str:
    """Return what a condition came to, in a word or three; older reports say only whether it holds."""
    return evidence.outcome or {True: "yes", False: "failed", None: "unknown"}[evidence.holds]


def lacks_data(report: Report) -> bool:
    """Say whether a test of the verdict's rule could not decide for want of windows."""
    main = main_finding(report)
    return main is not None and any(evidence.outcome == "too little data" for evidence in main.evidence)


def reproduce(report: Report) -> list[str]:
    """Return the command lines that measure again, and that make this report again from its capture."""
    context = report.measurements.get("capture")
    windows = context["requested_windows"] if isinstance(context, dict) else report.capture.windows
    seconds = report.capture.window_seconds
    if lacks_data(report):
        windows = max(windows, ENOUGH_WINDOWS)
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
    series: dict[str, Sequence[int]] = {kind: octaves[kind] for kind in FILE_KINDS if any(octaves[kind])}
    slow = next((i for i, (_, high) in enumerate(edges) if high > threshold * (1 + 1e-5)), None)
    marks = {}
    if slow is not None:
        within = "" if edges[slow][0] >= threshold * (1 - 1e-5) else ", within the next row"
        marks[slow] = f"slow: from {units.duration(threshold)} on{within}"
    return text_charts.histogram(labels, series, marks) if series else ""


def eviction_ages(ages: Node) -> str:
    """Return the picture of how long before the read the pages had been evicted, in octaves."""
    rows = list(zip(ages["lower_seconds"], ages["upper_seconds"], ages["reads"], strict=True))
    before = [row for row in rows if row[1] > units.AT_ONCE * 1.1]
    labels = [f"{units.duration(low)} to {units.duration(high)}" for low, high, _ in before]
    counts = [reads for _, _, reads in before]
    if meanwhile := sum(reads for _, high, reads in rows if high <= units.AT_ONCE * 1.1):
        labels, counts = ["while it waited", *labels], [meanwhile, *counts]
    return text_charts.histogram(labels, {"reads": counts})


def miss_ratio_curve(room: Node) -> str:
    """Return the picture of the miss-ratio curve's tail: a bar a step of room, full at all refaults avoided."""
    sizes = [units.size(point["more_bytes"]) for point in room["curve"]]
    width = max(map(len, sizes))
    return "\n".join(
        f"{size:>{width}} |{text_charts.bar(point['share'], 1.0, 50)} {units.percent(point['share'])}"
        for size, point in zip(sizes, room["curve"], strict=True)
    )


def timeline(report: Report) -> str:
    """Return the instruments under each other: slow reads, hit ratio, evictions by others, the neighbour's inflow."""
    context = report.measurements.get("capture")
    if not isinstance(context, dict) or not context["points"]:
        return ""
    merged = context["windows_per_point"]
    drawn = panels(report)
    return text_charts.timeline(drawn, report.capture.window_seconds, merged) if drawn else ""


def limits(settings: Node | None) -> str:
    """Return the memory limits that are set on a cgroup, "memory.max 512 MiB"."""
    if settings is None or not any(name in settings for name in SETTINGS):
        return units.UNKNOWN
    known = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    # 0 is no protection, but the tightest limit
    told = [f"{name} {units.size(value)}" for name, value in known.items() if str(value) != SETTINGS[name].none]
    return ", ".join(told) or "none"


def measured(evidence: Evidence) -> str:
    """Return what was measured, in the unit that the threshold is written in."""
    return _both(evidence)[0]


def threshold(evidence: Evidence) -> str:
    return _both(evidence)[1]


def _both(evidence: Evidence) -> tuple[str, str]:
    values = (evidence.measured, evidence.threshold)
    numbers = [value for value in values if isinstance(value, int | float)]
    if evidence.unit == "ratio" and any(value >= units.TIMES for value in numbers):
        one, other = (f"{units.number(v)} times" if isinstance(v, int | float) else v for v in values)
    else:
        one, other = (units.quantity(value, evidence.unit) for value in values)
    return one or units.UNKNOWN, "–" if evidence.threshold is None else other or units.UNKNOWN


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
    if values["seconds"] is None:
        return units.UNKNOWN
    return f"{units.duration(values['seconds'])} ({units.percent(values['share'])})"


def named(context: Context, path: str) -> Markup:
    """Return a cgroup for a paragraph: the name that a person knows, and beside it the path."""
    name = _name(context, path)
    return escape.code(path) if name is None else Markup(f"{escape.code(name)} ({escape.code(path)})")  # noqa: S704


def named_cell(context: Context, path: str) -> Markup:
    """Return the same for a table cell."""
    name = _name(context, path)
    if path == "/":
        return Markup(f"{escape.cell(path)} (root)")  # noqa: S704 - escaped
    return escape.cell(path) if name is None else Markup(f"{escape.cell(name)} ({escape.cell(path)})")  # noqa: S704


def _name(context: Context, path: str) -> str | None:
    names: dict[str, str] = (context.get("m") or {}).get("names") or {}
    return names.get(path)


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
        "named": pass_context(named),
        "named_cell": pass_context(named_cell),
        "fence": escape.fence,
        "command": escape.command,
        "one_liner": escape.one_liner,
        "shell": shlex.quote,
        "count": units.count,
        "size": units.size,
        "exact_size": units.exact_size,
        "age": units.age,
        "duration": units.duration,
        "plural": units.plural,
        "percent": units.percent,
        "number": units.number,
        "quantity": units.quantity,
        "limits": limits,
        "measured": measured,
        "threshold": threshold,
        "outcome": outcome,
    }
    environment.globals |= {
        "deciding": deciding,
        "host_time": units.utc_and_host_time,
        "eviction_ages": eviction_ages,
        "miss_ratio_curve": miss_ratio_curve,
        "read_histogram": read_histogram,
        "lacks_data": lacks_data,
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
