"""The two modes of read latency, hits apart from misses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose import units
from diagnose.capture.base import FileKind
from diagnose.report.charts import axes as common
from diagnose.report.charts import theme
from diagnose.report.measurements.read_models import ReadLatency
from diagnose.report.model import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS: dict[FileKind, tuple[str, Any, str]] = {
    "hit": (theme.SERVICE, "-", "hits"),
    "missed": (theme.ANTAGONIST, (0, (5, 2)), "misses"),
    "direct": (theme.THIRD, (0, (1, 1)), "direct (O_DIRECT)"),
    "io_uring": (theme.FOURTH, (0, (3, 1, 1, 1)), "through io_uring"),
}
FOOT = 0.7
"""Of the logarithmic scale of counts: below one read."""


def paint(report: Report) -> Any:
    reads = common.present(report.measurements.read_latency)
    table = reads.map
    figure = common.new_figure(3.6)
    axes = figure.subplots()
    borders = [max(table.lower_seconds[0], 1e-9), *table.upper_seconds]
    filled = {kind: counts for kind, counts in table.kinds.items() if any(counts)}
    for kind, counts in filled.items():
        color, line, label = KINDS[kind]
        if kind == "hit" and not reads.misses_told_apart:
            label = "reads, hits and misses together"
        heights = [max(FOOT, float(c)) for c in counts]
        axes.stairs(heights, borders, baseline=FOOT, color=color, fill=True, alpha=0.22, linewidth=0)
        axes.stairs(heights, borders, baseline=FOOT, color=color, linewidth=1.6, linestyle=line)
        _label(axes, borders, counts, f"{units.count(sum(counts))} {label}", color)
    _counts_axis(axes, max(max(counts) for counts in filled.values()))
    common.log_latency(axes, "x", borders[0], borders[-1])
    axes.set_xlabel("latency of a read")
    axes.set_title("Hits and misses by latency", pad=22)
    _threshold(axes, reads)
    return figure


def _counts_axis(axes: Axes, most: int) -> None:
    axes.set_yscale("log")
    axes.set_ylim(FOOT, most * 4)
    common.write_ticks(axes.yaxis, units.count, [10**i for i in range(len(str(most)))])
    axes.set_ylabel("reads, logarithmic")


def _label(axes: Axes, borders: list[float], counts: list[int], text: str, color: str) -> None:
    top = max(range(len(counts)), key=lambda i: counts[i])
    middle = (borders[top] * borders[top + 1]) ** 0.5
    axes.annotate(
        text, (middle, counts[top]), xytext=(0, 5), textcoords="offset points", ha="center", color=color,
        bbox={"facecolor": theme.PAPER, "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip


def _threshold(axes: Axes, reads: ReadLatency) -> None:
    """Draw where slow begins, and say above the plot what lies on either side."""
    slow = reads.slow_threshold_seconds
    low, high = axes.get_xlim()
    if not low < slow < high:
        return
    axes.axvline(slow, color=theme.INK, linewidth=1.2, linestyle=(0, (4, 3)))
    for mode, offset, side in zip(reads.modes, (-6, 6), ("right", "left"), strict=True):
        where = "fast" if mode.mode == "fast" else f"slow from {units.duration(slow)} on"
        text = f"{where}: {units.percent(mode.share)} of reads, {units.percent(mode.time_share)} of time"
        axes.annotate(
            text, (slow, 1.0), xycoords=("data", "axes fraction"), xytext=(offset, 5), textcoords="offset points",
            ha=side, fontsize=9, annotation_clip=False,
        )  # fmt: skip
