"""What the pictures share: sizes, axes in the report's units, names that a font can draw, labels beside lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from diagnose import units
from diagnose.escape import shortened
from diagnose.report.model import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

WIDTH_INCHES = 9.2
Write = Callable[[float], str]
Part = TypeVar("Part")


def new_figure(height_inches: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")


def present(part: Part | None) -> Part:
    """Return a part of the measurements that `which` has seen there; raises ValueError if it is not."""
    if part is None:
        raise ValueError("nothing to draw")
    return part


def name(text: str, limit: int = 44) -> str:
    """Return a name from the system as it can be drawn; what the font lacks is spelled out."""
    known = _drawable()
    spelled = "".join(c if ord(c) in known else f"\\u{ord(c):04x}" for c in shortened(text, limit))
    return shortened(spelled, limit)


@cache
def _drawable() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())


def write_ticks(axis: Axis, write: Write, at: Sequence[float] | None = None) -> None:
    """Label an axis in the report's units, at few places."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    axis.set_major_locator(FixedLocator(list(at)) if at is not None else MaxNLocator(4, min_n_ticks=2))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: write(float(value))))


def log_latency(axes: Axes, which: str, low: float, high: float) -> None:
    """Make one axis ("x" or "y") logarithmic in seconds, a label a decade."""
    getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}lim")(low, high)
    decades = [10.0**power for power in range(-9, 4) if low <= 10.0**power <= high]
    write_ticks(getattr(axes, f"{which}axis"), units.duration, decades)


def edges(points: int, seconds_a_point: float, total_seconds: float) -> list[float]:
    """Return the borders of the points in seconds; the last may be shorter than the others."""
    return [min(i * seconds_a_point, total_seconds) for i in range(points + 1)]


def seconds_axis(axes: Axes, report: Report) -> None:
    """Make the x-axis the time since the capture began."""
    axes.set_xlim(0, report.capture.windows * report.capture.window_seconds)
    began = units.utc_and_host_time(report.capture.start, report.measurements.capture.utc_offset_seconds)
    axes.set_xlabel(name(f"seconds since {began}", 110))


def series_edges(report: Report) -> list[float]:
    """Return the borders of the series in `measurements`."""
    context, seconds = report.measurements.capture, report.capture.window_seconds
    return edges(context.points, seconds * context.windows_per_point, seconds * report.capture.windows)


def round_sizes(most: float) -> list[float]:
    """Return up to six places from 0 to `most` bytes that are round in powers of 1024."""
    unit = 1024.0 ** max(0, min(6, (int(most).bit_length() - 1) // 10))
    step = next(unit * s for s in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1000) if most <= 5 * unit * s)
    return [i * step for i in range(int(most / step) + 1)]


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Return positions as near to the wanted ones as leaves at least `gap` between any two."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = list(wanted)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + gap)
    return placed


def fill_boxes(axes: Axes, boxes: Sequence[tuple[float, float, float, float]], color: str) -> None:
    """Draw many rectangles of one colour as one path: (left, right, low, high) each."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not boxes:
        return
    corners = [c for left, right, low, high in boxes for c in ((left, low), (right, low), (right, high), (left, high))]
    closed = [c for i in range(0, len(corners), 4) for c in (*corners[i : i + 4], corners[i])]
    path = Path(closed, [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes))
    axes.add_patch(PathPatch(path, facecolor=color, edgecolor="none", linewidth=0, snap=True))
