"""Pictures made of text: histograms and timelines that any ticket system shows, at most 100 columns wide (pure).

Every picture carries its numbers and units in plain ASCII, so that it can be read where the blocks are not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Literal

from diagnose.escape import columns, shortened

WIDTH = 100
PLOT_COLUMNS = 80
PANEL_ROWS = 4
_EIGHTHS = " ▁▂▃▄▅▆▇█"

Values = Sequence[float | None]
Write = Callable[[float], str]
Reduce = Literal["sum", "lowest", "highest"]


@dataclass(frozen=True)
class Panel:
    """One instrument of a timeline: a value a window (None: unknown), how to write it, how to merge neighbours."""

    title: str
    unit: str
    values: Values
    write: Write
    merge: Reduce = "sum"
    """How the values of the windows that share a column are merged."""
    scale: tuple[float | None, float | None] = (0.0, None)
    """The values at the foot and the top of the panel; None: the lowest or the highest value there is."""
    whose: Literal["service", "others"] = "others"
    """Who did what is drawn, for pictures that tell the two apart by colour."""


def bar(value: float, full: float, width: int) -> str:
    """Return a horizontal bar `width` blocks long at `full`; anything above 0 shows at least one block."""
    if value <= 0 or full <= 0:
        return ""
    return "█" * max(1, min(width, round(width * value / full)))


def log_bar(value: int, full: int, width: int) -> str:
    """Return a bar whose length grows with the logarithm of a count: 1 shows one block, `full` shows `width`."""
    if value <= 0 or full <= 0 or width <= 0:
        return ""
    return "█" * max(1, min(width, round(1 + (width - 1) * (log2(value) / log2(full) if full > 1 else 1.0))))


def histogram(rows: Sequence[str], series: dict[str, Sequence[int]], marks: dict[int, str] | None = None) -> str:
    """Return one line a row with a logarithmic bar and an exact count for each named series, side by side.

    `marks` holds remarks written between the lines, above the row with that index.
    """
    full = max((max(counts, default=0) for counts in series.values()), default=0)
    if full == 0:
        return "no counts"
    digits = max(len(f"{full:,}"), *(columns(name) for name in series))
    label = max(columns(row) for row in rows)
    width = max(0, min(40, (WIDTH - label) // len(series) - digits - 4))
    edge = " |" if width else ""
    heading = " " * label + "".join(f"  {_right(name, digits)}  {' ' * width}" for name in series)
    lines = [heading.rstrip()]
    for index, row in enumerate(rows):
        if marks and index in marks:
            lines.append(f"{'-' * label}  {marks[index]}")
        numbers = [counts[index] for counts in series.values()]
        cells = "".join(f"  {f'{n:,}':>{digits}}{edge}{log_bar(n, full, width):<{width}}" for n in numbers)
        lines.append(f"{_right(row, label)}{cells}".rstrip())
    lines.append(f"bars are logarithmic: one block = 1, {width} blocks = {full:,}")
    return "\n".join(lines)


def timeline(panels: Sequence[Panel], window_seconds: float, windows_a_value: int = 1) -> str:
    """Return the panels under each other over one time axis; all have as many values, each of `windows_a_value`."""
    length = max((len(panel.values) for panel in panels), default=0)
    if length == 0:
        return "no windows"
    per_column = -(-length // PLOT_COLUMNS)
    shown = -(-length // per_column)
    stretch = max(1, min(4, PLOT_COLUMNS // shown))
    drawn = [_panel(panel, per_column, stretch) for panel in panels]
    gutter = max(columns(label) for labels, _ in drawn for label in labels)
    seconds_a_column = window_seconds * windows_a_value * per_column
    lines: list[str] = []
    for panel, (labels, rows) in zip(panels, drawn, strict=True):
        together = per_column * windows_a_value
        how = f"{panel.merge} of {together:,} windows a column" if together > 1 else "each window"
        suffix = f" ({panel.unit}; {how})"
        lines += [""] if lines else []
        lines.append(shortened(panel.title, WIDTH - len(suffix)) + suffix)
        lines += [f"{_right(label, gutter)} |{row}".rstrip() for label, row in zip(labels, rows, strict=True)]
    lines += _time_axis(gutter, shown * stretch, shown * seconds_a_column)
    lines.append(_legend(stretch, seconds_a_column, panels))
    return "\n".join(lines)


def merged(values: Values, size: int, how: Reduce) -> list[float | None]:
    """Merge each `size` neighbouring values; unknown ones are left out, and only unknown ones make an unknown."""
    return [_merge([v for v in values[i : i + size] if v is not None], how) for i in range(0, len(values), size)]


def _merge(known: list[float], how: Reduce) -> float | None:
    if not known:
        return None
    return sum(known) if how == "sum" else min(known) if how == "lowest" else max(known)


def _panel(panel: Panel, per_column: int, stretch: int) -> tuple[list[str], list[str]]:
    """Return the labels of the rows from the top down, and the rows."""
    values = merged(panel.values, per_column, panel.merge)
    known = [v for v in values if v is not None]
    if not known:
        return [""], ["unknown throughout"]
    high = panel.scale[1] if panel.scale[1] is not None else max(known)
    low = panel.scale[0] if panel.scale[0] is not None else min(known) if min(known) < high else 0.0
    heights = [_height(v, low, high) for v in values]
    height = PANEL_ROWS if high > low else 1
    rows = ["".join(_block(h, row) * stretch for h in heights) for row in reversed(range(height))]
    return [panel.write(high), *[""] * (PANEL_ROWS - 2), panel.write(low)][-height:], rows


def _height(value: float | None, low: float, high: float) -> int | None:
    """Return the height of a column in eighths of a row; a value above the foot shows at least one eighth."""
    if value is None:
        return None
    if value <= low:
        return 0
    full = PANEL_ROWS * 8
    return max(1, min(full, round(full * (value - low) / (high - low)))) if high > low else full


def _block(height: int | None, row: int) -> str:
    if height is None:
        return "?" if row == 0 else " "
    if height == 0:
        return "_" if row == 0 else " "
    return _EIGHTHS[max(0, min(8, height - row * 8))]


def _time_axis(gutter: int, plot: int, seconds: float) -> list[str]:
    """Return a ruler under the plot and the seconds below its marks."""
    marks = max(1, min(4, plot // 16))
    at = [round(plot * i / marks) for i in range(marks + 1)]
    ruler = "".join("+" if i in at else "-" for i in range(plot + 1))
    text = ""
    for position in at:
        label = f"{seconds * position / plot:.4g}"
        text += " " * max(1 if text else 0, position - len(text)) + label
    return [f"{' ' * gutter} {ruler}", f"{' ' * gutter} {text} s".rstrip()]


def _legend(stretch: int, seconds: float, panels: Iterable[Panel]) -> str:
    """Say how long a column is and, where some window has no value, what stands for it."""
    legend = f"a column is {seconds:.4g} s" + (f", and {stretch} characters wide" if stretch > 1 else "")
    unknown = any(v is None for panel in panels for v in panel.values)
    legend += "; _ is the foot of the scale"
    return legend + ("\n? is unknown: nothing looked up, or not measured" if unknown else "")


def _right(text: str, width: int) -> str:
    return " " * max(0, width - columns(text)) + text
