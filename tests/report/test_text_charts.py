"""Text pictures: labelled, at most 100 columns, honest about what is unknown and about merging."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose import units
from diagnose.escape import columns
from diagnose.report import text_charts

values = st.lists(st.none() | st.integers(0, 10**9).map(float), min_size=1, max_size=700)


def panel(numbers: list[float | None], **changes: Any) -> text_charts.Panel:
    return text_charts.Panel("slow reads", "reads", numbers, units.count, **changes)


@given(values, st.text(max_size=300), st.sampled_from(["sum", "lowest", "highest"]))
def test_a_timeline_fits_whatever_it_shows(numbers: list[float | None], title: str, merge: Any) -> None:
    panels = [panel(numbers), text_charts.Panel(title, "pages", numbers, units.size, merge, (None, None))]
    text = text_charts.timeline(panels, 0.5, 3)
    assert max(columns(line) for line in text.split("\n")) <= text_charts.WIDTH
    assert "\x1b" not in text


def test_a_timeline_names_unit_merging_and_seconds() -> None:
    text = text_charts.timeline([panel([float(i) for i in range(200)])], 5.0)
    assert "slow reads (reads; sum of 3 windows a column)" in text
    assert "a column is 15 s" in text
    assert "1005 s" in text.split("\n")[-2]


def test_unknown_is_not_drawn_as_zero() -> None:
    text = text_charts.timeline([panel([None, 0.0, 4.0])], 1.0)
    assert text.split("\n")[4] == "0 |????____████"
    assert "? is unknown" in text
    assert "unknown throughout" in text_charts.timeline([panel([None, None])], 1.0)


def test_a_single_event_is_visible() -> None:
    assert "▁" in text_charts.timeline([panel([1.0, 1e9])], 1.0)


def test_no_windows() -> None:
    assert text_charts.timeline([panel([])], 1.0) == "no windows"


@given(values, st.integers(1, 50))
def test_merging_keeps_sums_and_extremes(numbers: list[float | None], size: int) -> None:
    known = [n for n in numbers if n is not None]
    for how, expected in (("sum", sum(known)), ("lowest", min(known, default=0)), ("highest", max(known, default=0))):
        parts = [p for p in text_charts.merged(numbers, size, how) if p is not None]  # type: ignore[arg-type]
        total = {"sum": sum, "lowest": lambda p: min(p, default=0), "highest": lambda p: max(p, default=0)}[how](parts)
        assert total == expected


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**62)), min_size=1, max_size=40))
def test_a_histogram_fits_and_shows_every_count(counts: list[tuple[int, int]]) -> None:
    rows = [f"{i} ms to {i + 1} ms" for i in range(len(counts))]
    series = {"hit": [h for h, _ in counts], "missed": [m for _, m in counts], "direct": [0] * len(counts)}
    text = text_charts.histogram(rows, series)
    assert max(map(len, text.split("\n"))) <= text_charts.WIDTH
    if any(h or m for h, m in counts):
        assert all(
            f"{h:,}" in line and f"{m:,}" in line for (h, m), line in zip(counts, text.split("\n")[1:], strict=False)
        )


@pytest.mark.parametrize("picture", [text_charts.bar, text_charts.log_bar])
def test_bars_grow_with_their_value_and_never_hide_one(picture: Any) -> None:
    lengths = [len(picture(value, 1000, 30)) for value in (0, 1, 2, 10, 100, 999, 1000, 5000)]
    assert lengths == sorted(lengths)
    assert lengths[:2] == [0, 1]
    assert lengths[-1] == 30
