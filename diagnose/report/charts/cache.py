"""The page cache of the service, of whom the report blames, and of all others together, over time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from diagnose import units
from diagnose.cgroups.paths import is_within
from diagnose.report.charts import axes as common
from diagnose.report.charts import theme
from diagnose.report.model import Report
from diagnose.report.panels import Line, cached, not_drawn, suspects

_LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1)), (0, (3, 1, 1, 1)), (0, (8, 2)))


def paint(report: Report) -> Any:
    lines = cached(report)
    figure = common.new_figure(3.2)
    axes = figure.subplots()
    middles = _middles(common.series_edges(report))
    ends, most, colors = [], 1.0, _colors(report, lines)
    for place, line in enumerate(lines):
        values = [float("nan") if v is None else float(v) for v in line.values]
        most = max(most, *(v for v in values if v == v))
        ends.append(next((v for v in reversed(values) if v == v), 0.0))
        axes.plot(middles, values, color=colors[place], linestyle=_LINES[place], linewidth=1.8)
    axes.set_ylim(0, most * 1.08)
    common.seconds_axis(axes, report)
    common.write_ticks(axes.yaxis, units.size, common.round_sizes(most))
    rest = not_drawn(report)
    axes.set_title("Page cache per cgroup, everything below it included" + (f" ({rest})" if rest else ""))
    _name_lines(axes, lines, common.spread(ends, most * 0.085), colors)
    return figure


def _middles(borders: list[float]) -> list[float]:
    return [(a + b) / 2 for a, b in pairwise(borders)]


def _colors(report: Report, lines: list[Line]) -> list[str]:
    """Return a colour for each line; that of the antagonist is for whom the report blames."""
    blamed = suspects(report)
    others = iter((theme.THIRD, theme.FOURTH, theme.FIFTH, theme.MUTED, theme.INK))
    return [
        theme.SERVICE
        if line.is_service
        else theme.ANTAGONIST
        if blamed and is_within(line.cgroup, blamed[0])
        else next(others)
        for line in lines
    ]


def _name_lines(axes: Any, lines: list[Line], heights: list[float], colors: list[str]) -> None:
    for line, y, color in zip(lines, heights, colors, strict=True):
        who = common.name(line.cgroup, 30) + (" (the service)" if line.is_service else "")
        axes.annotate(
            who, (1.0, y), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
            va="center", color=color, fontsize=9, annotation_clip=False,
        )  # fmt: skip
