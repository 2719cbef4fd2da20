"""What a live view shows, as lines of styled text that fit a width and a height (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from diagnose import units
from diagnose.cli.progress.lines import evictor
from diagnose.escape import shortened, visible
from diagnose.measure.progress import Progress
from diagnose.report.text_charts import log_bar

MOST_COLUMNS = 100
"""On a wider terminal, lines longer than this would only be harder to read."""
_LABEL = 11
_MISSED = "magenta"
"""With its own column and number: colour alone says nothing here. Magenta is legible on dark and on light."""


def view(progress: Progress, width: int, height: int) -> list[Text]:
    """Return at most `height` lines of at most `width` columns; the histogram is the first to go."""
    width = min(width, MOST_COLUMNS)
    head = [_title(progress, width), _bar(progress, width), *_facts(progress, width)]
    histogram = _histogram(progress, width, height - len(head) - 1)
    lines = [*head, *([Text(""), *histogram] if histogram else [])]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines[: max(1, height)]


def _title(progress: Progress, width: int) -> Text:
    left = units.duration((progress.windows - progress.window) * progress.window_seconds)
    text = Text(f"{progress.window} of {progress.windows} windows measured, {left} left", style="bold")
    hint = "Ctrl-C ends it and reports"
    if text.cell_len + len(hint) + 2 <= width:
        text.append(f"{'':{width - text.cell_len - len(hint)}}{hint}", style="not bold")
    return text


def _bar(progress: Progress, width: int) -> Text:
    done = round(width * progress.window / max(1, progress.windows))
    return Text("━" * done + "·" * (width - done))


def _facts(progress: Progress, width: int) -> list[Text]:
    return [
        _fact("file reads", *_rate(progress)),
        _fact("hit ratio", *_ratio(progress)),
        *_evicted(progress, width),
    ]


def _rate(progress: Progress) -> tuple[str, str]:
    if progress.reads is None:
        return "not measured", ""
    missed = "" if progress.missed is None else f"{_per_second(progress.missed, progress)} missed"
    return _per_second(progress.reads, progress), missed


def _per_second(count: int, progress: Progress) -> str:
    return f"{units.number(count / progress.window_seconds)}/s"


def _ratio(progress: Progress) -> tuple[str, str]:
    if progress.hit_ratio_so_far is None:
        return "unknown", ""
    return units.percent(progress.hit_ratio), f"{units.percent(progress.hit_ratio_so_far)} so far"


def _evicted(progress: Progress, width: int) -> list[Text]:
    """Return the top evictor with, below it, how much of what the service lost is on it."""
    evicted = progress.evicted
    if evicted is None:
        return [_fact("top evictor", "not measured", "")]
    who = shortened(evictor(evicted), width - _LABEL - 2)
    if not evicted.pages:
        return [_fact("top evictor", who, "")]
    of = f"{units.percent(evicted.most_pages / evicted.pages)} of the {units.pages(evicted.pages)}"
    longer = _fact("", "", f"{of} that the service lost")
    return [
        _fact("top evictor", who, ""),
        longer if longer.cell_len <= width else _fact("", "", f"{of} lost"),
    ]


def _fact(label: str, value: str, remark: str) -> Text:
    text = Text(f"{label:<{_LABEL}}  ")
    text.append(visible(value), style="bold")
    if remark:
        text.append(f"{'   ' if value else ''}{remark}")
    return text


def _histogram(progress: Progress, width: int, rows: int) -> list[Text]:
    """Return reads so far by latency in at most `rows` lines, hits and misses in columns of their own."""
    kinds = {kind: list(counts) for kind, counts in progress.octaves.items() if sum(counts) or kind == "hit"}
    total = [sum(column) for column in zip(*kinds.values(), strict=True)]
    filled = [i for i, count in enumerate(total) if count]
    if not filled or rows < 4:
        return []
    first, last = filled[0], filled[-1] + 1
    together = -(-(last - first) // (rows - 2))
    labels = [_latency(i) for i in range(first, last, together)]
    series = {kind: _merged(counts[first:last], together) for kind, counts in kinds.items()}
    full = max(max(counts) for counts in series.values())
    label = max(9, *map(len, labels))
    digits = max(len(f"{full:,}"), *map(len, series))
    blocks = max(0, (width - label) // len(series) - digits - 3)
    heading = Text(f"{'latency':>{label}}")
    for kind in series:
        heading.append(f"  {kind:>{digits}} {'':{blocks}}")
    heading.rstrip()
    title = Text("reads by latency; bars are logarithmic")
    return [title, heading, *(_row(labels, series, i, label, digits, blocks, full) for i in range(len(labels)))]


def _row(
    labels: Sequence[str], series: dict[str, list[int]], i: int, label: int, digits: int, blocks: int, full: int
) -> Text:
    text = Text(f"{labels[i]:>{label}}")
    for kind, counts in series.items():
        text.append(f"  {counts[i]:>{digits},} ")
        text.append(f"{log_bar(counts[i], full, blocks):<{blocks}}", style=_MISSED if kind == "missed" else "")
    text.rstrip()
    return text


def _merged(counts: list[int], together: int) -> list[int]:
    return [sum(counts[i : i + together]) for i in range(0, len(counts), together)]


def _latency(octave: int) -> str:
    """Return where an octave begins: 8 ns * 2^(octave - 1), and the first at 0 (see histogram.py)."""
    return "0 ns" if octave == 0 else f"{units.duration_ns(8 << (octave - 1))}"
