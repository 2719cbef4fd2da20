"""The tail of the miss-ratio curve: what part of the refaults more room would have avoided."""

from __future__ import annotations

from typing import Any

from diagnose import units
from diagnose.report.charts import axes as common
from diagnose.report.charts import theme
from diagnose.report.measurements.eviction_models import RoomFor
from diagnose.report.model import Report

MARKED = (0.5, 0.8, 0.95)


def paint(report: Report) -> Any:
    room = common.present(common.present(report.measurements.blame).room)
    points = [(0, 0.0), *((p.more_bytes, p.share) for p in room.curve)]
    figure = common.new_figure(3.0)
    axes = figure.subplots()
    axes.plot(
        [x for x, _ in points], [y for _, y in points], color=theme.SERVICE, linewidth=1.8, marker="o", markersize=4
    )
    for mark in room.avoided:
        if mark.share in MARKED:
            _mark(axes, mark)
    axes.set_xlim(0, points[-1][0] * 1.02 or 1)
    axes.set_ylim(0, 1.05)
    common.write_ticks(axes.yaxis, units.percent, [0, 0.25, 0.5, 0.75, 1])
    common.write_ticks(axes.xaxis, units.size, common.round_sizes(points[-1][0]))
    axes.set_xlabel("more room for the service")
    axes.set_title(f"Share of the {units.count(room.refaults)} refaults avoided with more room")
    return figure


def _mark(axes: Any, mark: RoomFor) -> None:
    x, y = mark.more_bytes, mark.share
    axes.annotate(
        f"{units.percent(y)}: {units.size(x)}", (x, y), xytext=(14, -16), textcoords="offset points", fontsize=9,
        arrowprops={"arrowstyle": "-", "color": theme.MUTED, "linewidth": 0.8},
    )  # fmt: skip
