"""The live view: everything in it, at every size, with names as hostile as they come."""

from __future__ import annotations

import pytest

from diagnose.cli.progress import Evicted, Progress
from diagnose.cli.progress.view import MOST_COLUMNS, view
from tests.helpers.progress_examples import octaves, seen


def shown(progress: Progress, width: int = 79, height: int = 23) -> list[str]:
    return [line.plain for line in view(progress, width, height)]


def test_at_80_by_24() -> None:
    assert shown(seen()) == [
        "37 of 120 windows measured, 83 s left                Ctrl-C ends it and reports",
        "━" * 24 + "·" * 55,
        "file reads   12,300/s   67/s missed",
        "hit ratio    99.82 %   98.8 % so far",
        "top evictor  /dg/batch",
        "             93.7 % of the 11,586 pages that the service lost",
        "",
        "reads by latency; bars are logarithmic",
        "  latency      hit                             missed",
        "  1.02 µs       62 ██████████                       0",
        "  2.05 µs  103,807 █████████████████████████        0",
        "   4.1 µs   35,744 ███████████████████████          0",
        "  8.19 µs        0                                  0",
        "  16.4 µs        0                                  0",
        "  32.8 µs        0                                 30 ████████",
        "  65.5 µs      353 █████████████                1,953 █████████████████",
        "   131 µs        0                                  0",
        "   262 µs        0                                  0",
        "   524 µs        0                                  0",
        "  1.05 ms        0                                  0",
        "   2.1 ms        0                                  0",
        "  4.19 ms        0                                  8 █████",
    ]


@pytest.mark.parametrize("width", [39, 49, 59, 79, 199])
@pytest.mark.parametrize("height", [1, 3, 5, 8, 11, 19, 49])
def test_it_fits_and_loses_no_read(width: int, height: int) -> None:
    progress = seen(evicted=Evicted(10**12, "/" + "x" * 4000, 10**12))
    lines = view(progress, width, height)
    assert 1 <= len(lines) <= height
    assert all(line.cell_len <= min(width, MOST_COLUMNS) for line in lines)
    assert lines[0].plain.startswith("37 of 120 windows measured")
    rows = [line.split()[2:] for line in shown(progress, width, height)[9:]]
    if rows:
        assert sum(int(cell.replace(",", "")) for row in rows for cell in row if cell[0].isdigit()) == 141_957


def test_windows_shorter_than_a_second_are_brought_to_seconds() -> None:
    lines = shown(seen(window_seconds=0.5, reads=100, missed=5))
    assert "41.5 s left" in lines[0]
    assert lines[2] == "file reads   200/s   10/s missed"


def test_what_is_not_measured_is_said_so() -> None:
    bare = Progress(window=1, windows=10, reads=None, missed=None)
    assert shown(bare)[2:] == ["file reads   not measured", "hit ratio    unknown", "top evictor  not measured"]


def test_a_window_without_a_look_up_has_no_hit_ratio_of_its_own() -> None:
    assert shown(seen(hit_ratio=None))[3] == "hit ratio    unknown   98.8 % so far"


def test_nobody_evicted_anything() -> None:
    assert shown(seen(evicted=Evicted(0)))[4] == "top evictor  nobody"


def test_other_kinds_of_reads_have_columns_of_their_own_once_there_are_any() -> None:
    lines = shown(seen(octaves=octaves(hit={3: 5}, missed={}, direct={20: 7}, io_uring={})))
    assert lines[8].split() == ["latency", "hit", "direct"]


def test_the_first_octave_begins_at_zero() -> None:
    assert shown(seen(octaves=octaves(hit={0: 5})))[9].split()[:3] == ["0", "ns", "5"]
    assert shown(seen(octaves=octaves(hit={1: 5})))[9].split()[:3] == ["8", "ns", "5"]


def test_names_cannot_draw_on_the_terminal() -> None:
    line = view(seen(evicted=Evicted(5, "/a\x1b[2J\n[bold]x[/bold]", 5)), 79, 23)[4].plain
    assert line == "top evictor  /a\\x1b[2J␤[bold]x[/bold]"
