"""The eviction matrix: who evicted whose pages, as a table with shades."""

from __future__ import annotations

from collections import defaultdict
from math import log
from typing import Any

from diagnose import units
from diagnose.analysis.evictions import EVICTED
from diagnose.report.charts import axes as common
from diagnose.report.charts import theme
from diagnose.report.model import Report

SHOWN = 5
"""Evictors, and victims; the smaller ones are added up."""
OTHERS = "all others"


def paint(report: Report) -> Any:
    cells, service = _cells(report)
    evictors, victims = _largest(cells, 0, service), _largest(cells, 1, service)
    table: dict[tuple[str, str], int] = defaultdict(int)
    for (evictor, victim), pages in cells.items():
        key = (evictor if evictor in evictors else OTHERS, victim if victim in victims else OTHERS)
        table[key] += pages
    rows = [*evictors, *([OTHERS] if any(e == OTHERS for e, _ in table) else [])]
    columns = [*victims, *([OTHERS] if any(v == OTHERS for _, v in table) else [])]
    figure = common.new_figure(1.7 + 0.42 * len(rows))
    axes = figure.subplots()
    for (evictor, victim), pages in table.items():
        x, y = columns.index(victim), rows.index(evictor)
        common.fill_boxes(axes, [(x - 0.5, x + 0.5, y - 0.5, y + 0.5)], _tint(pages, max(table.values())))
        axes.text(x, y, units.count(pages), ha="center", va="center")
    _name_sides(axes, rows, columns, service)
    return figure


def _cells(report: Report) -> tuple[dict[tuple[str, str], int], str]:
    """Return pages by (evictor, victim), causes added up, and what stands for the service."""
    evictions, service = common.present(report.measurements.evictions), report.service.cgroup
    cells: dict[tuple[str, str], int] = defaultdict(int)
    for row in evictions.matrix:
        if row.cause in EVICTED:
            cells[row.evictor_label, service if row.victim_is_service else row.victim] += row.pages
    return cells, service


def _largest(cells: dict[tuple[str, str], int], side: int, service: str) -> list[str]:
    """Return the evictors (side 0) or victims (1) that matter most: those of the service's pages, then by pages."""
    own: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for pair, pages in cells.items():
        total[pair[side]] += pages
        own[pair[side]] += pages if pair[1] == service else 0
    return sorted(total, key=lambda who: (-own[who], -total[who], who))[:SHOWN]


def _tint(pages: int, most: int) -> str:
    """Return a shade by the logarithm of the pages, the darkest at `most`."""
    return theme.TINTS[min(int(len(theme.TINTS) * log(pages) / log(most + 1)), len(theme.TINTS) - 1)]


def _label(who: str, limit: int, service: str) -> str:
    beside = " (the service)" if who == service else " (root)" if who == "/" else ""
    return common.name(who, limit) + beside


def _name_sides(axes: Any, rows: list[str], columns: list[str], service: str) -> None:
    axes.set_title("Pages evicted", pad=10)
    axes.set_xticks(range(len(columns)), [_label(who, 24, service) for who in columns], fontsize=9)
    axes.set_yticks(range(len(rows)), [_label(who, 40, service) for who in rows], fontsize=9)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.tick_top()
    if len(columns) > 3:  # side by side they would overlap
        for label in axes.get_xticklabels():
            label.set(rotation=18, rotation_mode="anchor", horizontalalignment="left")
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("from the cache of", color=theme.MUTED, loc="left")
    axes.set_ylabel("evicted by", color=theme.MUTED, loc="top")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
