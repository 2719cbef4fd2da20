"""The latency heat map, and under it hit ratio, evictions and the neighbour's inflow on the same time axis."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from diagnose import units
from diagnose.report.charts import axes as common
from diagnose.report.charts import theme
from diagnose.report.measurements.read_models import LatencyMap
from diagnose.report.model import Report
from diagnose.report.panels import panels, suspects
from diagnose.report.text_charts import Panel

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Box = tuple[float, float, float, float]


def paint(report: Report) -> Any:
    """Return the figure; the slow reads of the text timeline are the top of the heat map here."""
    below = panels(report)[1:]
    figure = common.new_figure(3.3 + 1.25 * len(below))
    heights = [2.6, *(1.0 for _ in below)]
    drawn = figure.subplots(len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    _heat_map(drawn[0], report)
    borders = common.series_edges(report)
    others = theme.ANTAGONIST if suspects(report) else theme.MUTED
    for panel, axes in zip(below, drawn[1:], strict=True):
        _panel(axes, panel, borders, theme.SERVICE if panel.whose == "service" else others)
    common.seconds_axis(drawn[-1], report)
    figure.align_ylabels()
    return figure


def _heat_map(axes: Axes, report: Report) -> None:
    reads = common.present(report.measurements.read_latency)
    table = reads.map
    boxes = _boxes(table, report)
    for level, color in enumerate(theme.LEVELS):
        common.fill_boxes(axes, boxes[level], color)
    low, high = max(table.lower_seconds[0], 1e-9), table.upper_seconds[-1]
    common.log_latency(axes, "y", low, high)
    axes.set_title("Reads of files by latency")
    axes.set_ylabel("latency")
    slow = reads.slow_threshold_seconds
    line = axes.axhline(
        slow, color=theme.ANTAGONIST, linestyle=(0, (4, 3)), label=f"slow: from {units.duration(slow)} on"
    )
    line.set_visible(low < slow < high)
    _legend(axes, line, [level for level, filled in enumerate(boxes) if filled])


def _boxes(table: LatencyMap, report: Report) -> list[list[Box]]:
    """Return the rectangles of each level; neighbouring columns of one level in a row are one rectangle."""
    seconds = report.capture.window_seconds
    columns = len(table.reads[0])
    borders = common.edges(columns, seconds * table.windows_per_column, seconds * report.capture.windows)
    boxes: list[list[Box]] = [[] for _ in theme.LEVELS]
    for counts, low, high in zip(table.reads, table.lower_seconds, table.upper_seconds, strict=True):
        column = 0
        for level, run in groupby(counts, _level):
            length = len(list(run))
            if level is not None:
                boxes[level].append((borders[column], borders[column + length], max(low, 1e-9), high))
            column += length
    return boxes


def _level(count: int) -> int | None:
    """Return the decade of a count: 0 for 1 to 9; None for none."""
    return min(len(str(count)) - 1, len(theme.LEVELS) - 1) if count else None


def _legend(axes: Axes, slow: Line2D, levels: list[int]) -> None:
    from matplotlib.patches import Patch

    last = len(theme.LEVELS) - 1
    names = [f"{10**i:,}" + (" or more" if i == last else f" to {10 ** (i + 1) - 1:,}") for i in range(last + 1)]
    handles: list[Artist] = [slow] if slow.get_visible() else []
    handles += [Patch(visible=False, label="reads:")]
    handles += [Patch(facecolor=theme.LEVELS[i], label=names[i]) for i in levels]
    axes.legend(
        handles=handles, ncols=len(handles), loc="lower right", bbox_to_anchor=(1.0, 0.985), columnspacing=1.0,
        handlelength=1.4, handletextpad=0.4, borderpad=0.2,
    )  # fmt: skip


def _panel(axes: Axes, panel: Panel, borders: list[float], color: str) -> None:
    values = [float("nan") if v is None else float(v) for v in panel.values]
    known = [v for v in values if v == v]
    foot = panel.scale[0] if panel.scale[0] is not None else min(known, default=0.0)
    top = panel.scale[1] if panel.scale[1] is not None else max(known, default=1.0)
    if top <= foot:
        foot, top = (foot - 0.01, top) if panel.scale[1] is not None else (foot, foot + 1)
    if panel.scale[0] is None:
        axes.stairs(values, borders, baseline=None, color=color, linewidth=1.6)
    else:
        axes.stairs(values, borders, baseline=foot, color=color, fill=True, linewidth=0)
    room = (top - foot) * 0.06
    axes.set_ylim(foot - (room if panel.scale[0] is None else 0), top + room)
    common.write_ticks(axes.yaxis, panel.write, [foot, top] if known else [])
    title = common.name(panel.title, 90)
    axes.set_title(f"{title[:1].upper()}{title[1:]} ({panel.unit})")
