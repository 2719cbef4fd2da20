"""The charts of recorded and of hostile reports: the same bytes, fit for a page, a dark screen, and every eye."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.charts import theme
from diagnose.report.charts.axes import name as drawable
from diagnose.report.charts.axes import round_sizes, spread
from diagnose.report.charts.drawing import Chart, draw
from diagnose.report.charts.files import FILES
from diagnose.report.charts.over_time import _level
from diagnose.report.charts.which import which
from diagnose.report.model import Report
from tests.helpers.example_report import NAMES, example_capture, example_report

SHOWN = ("noisy-neighbour", "two-noisy-neighbours", "healthy", "idle-pages", "cold-reads", "swap-thrash", "slow-peers")
"""Recorded scenarios of every kind; drawing all of them would take half a minute."""
RECORDINGS = [RECORDED / f"{name}.capture.json.gz" for name in SHOWN]
EACH = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
SVG = "{http://www.w3.org/2000/svg}"
COLOUR = re.compile(r"#[0-9a-f]{6}")


@cache
def report_of(recording: Path) -> Report:
    return pipeline.analyse(captures.load(recording)[0], rules.load_rules())


@cache
def charts_of(recording: Path) -> list[Chart]:
    return draw(report_of(recording))


def texts(chart: Chart) -> str:
    root = ElementTree.fromstring(chart.svg)  # noqa: S314 - our own
    return "\n".join("".join(e.itertext()) for e in root.iter(f"{SVG}text"))


@EACH
def test_each_chart_can_stand_in_a_page(recording: Path) -> None:
    assert [c.picture for c in charts_of(recording)] == list(which(report_of(recording)).values())
    ids: list[str] = []
    for chart in charts_of(recording):
        root = ElementTree.fromstring(chart.svg)  # noqa: S314 - our own
        ids += [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
        assert not [e for e in root.iter() if "style" in e.attrib or e.tag == f"{SVG}script"]
        assert {root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text} == {chart.picture.title, chart.picture.alt}  # type: ignore[union-attr]
        assert chart.png.startswith(b"\x89PNG")
        assert {chart.picture.svg, chart.picture.png} <= set(FILES)
        assert len(chart.svg) < 150_000
        assert len(chart.png) < 200_000
    assert len(ids) == len(set(ids))


@EACH
def test_every_colour_has_one_for_dark_screens(recording: Path) -> None:
    for chart in charts_of(recording):
        drawn = set(COLOUR.findall(re.sub(rb"<style>.*?</style>", b"", chart.svg, flags=re.DOTALL).decode()))
        assert drawn <= set(theme.DARK), chart.picture.name


def test_what_is_drawn_is_what_the_report_says() -> None:
    recording = RECORDINGS[0]
    reads, evictions = report_of(recording).measurements.read_latency, report_of(recording).measurements.evictions
    assert reads is not None
    assert evictions is not None
    shown = {c.picture.name: texts(c) for c in charts_of(recording)}
    table = reads.map
    assert sum(map(sum, table.reads)) == reads.file_reads
    assert sum(sum(counts) for counts in table.kinds.values()) == reads.file_reads
    assert f"{sum(table.kinds['missed']):,} misses" in shown["latency-modes"]
    assert f"{evictions.matrix[0].pages:,}" in shown["evictions"]
    assert "brought into the cache by /diagnose-demo-1/batch" in shown["latency-over-time"].lower()
    start = captures.load(recording)[0].start.replace("T", " ").replace("Z", " UTC")
    assert f"seconds since {start}" in shown["latency-over-time"]


def test_other_processes_draw_the_same_bytes(tmp_path: Path) -> None:
    recording = RECORDINGS[0]
    program = (
        "import hashlib, sys; from pathlib import Path\n"
        "from diagnose import pipeline, rules\n"
        "from diagnose.capture import file as capture\n"
        "from diagnose.report.charts.drawing import draw\n"
        "report = pipeline.analyse(capture.load(Path(sys.argv[1]))[0], rules.load_rules())\n"
        "print([hashlib.sha256(c.svg + c.png).hexdigest() for c in draw(report)])"
    )
    home = tmp_path / "home"
    home.mkdir()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "HOME": str(home), "TMPDIR": str(tmp_path)}
        environment.pop("MPLCONFIGDIR", None)
        done = subprocess.run(
            [sys.executable, "-c", program, recording], capture_output=True, text=True, check=True, env=environment,
            timeout=120,
        )  # fmt: skip
        assert done.stdout.strip() == str([hashlib.sha256(c.svg + c.png).hexdigest() for c in charts_of(recording)])
        assert done.stderr == ""
    assert [p for p in tmp_path.rglob("*") if p != home] == []  # neither home nor temporary folder keeps anything


DRAWING = """
import sys
import time
from pathlib import Path
from diagnose import pipeline, rules
from diagnose.capture import file as capture
from diagnose.report.charts.drawing import draw
report = pipeline.analyse(capture.load(Path(sys.argv[1]))[0], rules.load_rules())
print("drawing", flush=True)
draw(report)
from matplotlib.font_manager import fontManager
print([entry.fname for entry in fontManager.ttflist + fontManager.afmlist])
"""


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6, 0.9])
def test_whoever_is_killed_while_drawing_leaves_nothing(seconds: float, tmp_path: Path) -> None:
    homes = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), str(tmp_path))
    child = subprocess.Popen(
        [sys.executable, "-c", DRAWING, RECORDINGS[0]], env={**os.environ, **homes}, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"drawing\n"
    time.sleep(seconds)
    child.kill()
    child.communicate()
    assert list(tmp_path.iterdir()) == []


def test_no_font_and_no_program_of_the_users_choice_is_taken(tmp_path: Path) -> None:
    marker, font = tmp_path / "ran", Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    for folder in (".fonts", "fonts", ".local/share/fonts"):
        (tmp_path / folder).mkdir(parents=True)
        shutil.copy(font, tmp_path / folder / "Planted.ttf")
    (tmp_path / "fc-list").write_text(f"#!/bin/sh\necho >> {marker}\necho {tmp_path}/fonts/Planted.ttf\n")
    (tmp_path / "fc-list").chmod(0o755)
    places = dict.fromkeys(("HOME", "XDG_DATA_HOME"), str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", DRAWING, RECORDINGS[0]], capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, **places, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert str(font) in done.stdout
    assert "Planted" not in done.stdout
    assert not marker.exists()


def test_the_environment_is_as_it_was() -> None:
    before = dict(os.environ)
    draw(report_of(RECORDINGS[0]))
    assert dict(os.environ) == before


def test_naming_the_pictures_does_not_load_the_plotting_library() -> None:
    program = (
        "import sys; from diagnose.cli import main\n"
        "try: main(['report', sys.argv[1], '--output', '-'])\n"
        "finally: sys.stderr.write(str('matplotlib' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, RECORDINGS[0]], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stderr == "False"


@pytest.mark.parametrize(
    "name", ["$x^2$ $\\frac{", "a\nb\x1b[0m", "名前" * 50, "<b>&amp;\"'", "", " ", "\u202e", "x" * 4000, "]]>", "%s{}"]
)
def test_no_name_stops_a_drawing(name: str) -> None:
    names = dict.fromkeys(NAMES, name)
    capture = example_capture(windows=25, requested=25, names={k: v for k, v in names.items() if k != "text"})
    charts = draw(example_report(capture, names=names))
    assert len(charts) == 4
    for chart in charts:
        ElementTree.fromstring(chart.svg)  # noqa: S314 - our own


def test_what_the_font_lacks_is_spelled_out() -> None:
    assert drawable("/é名$x") == "/é\\u540d$x"


@pytest.mark.parametrize(("windows", "requested"), [(0, 5), (1, 1), (2, 120), (3600, 3600)])
def test_any_length_can_be_drawn(windows: int, requested: int) -> None:
    report = example_report(example_capture(windows=windows, requested=requested))
    charts = draw(report)
    assert [c.picture.name for c in charts] == list(which(report))
    assert ("latency-over-time" in which(report)) == (windows > 0)
    assert all(len(chart.svg) < 250_000 for chart in charts)


def test_nothing_measured_is_nothing_drawn() -> None:
    assert draw(example_report(measurements={})) == []


# ---------------------------------------------------------------- for every eye


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2: 0 black, 1 white."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_read_stands_out(dark: bool) -> None:
    def seen(colour: str) -> str:
        return theme.DARK[colour] if dark else colour

    text = (theme.INK, theme.MUTED, theme.SERVICE, theme.ANTAGONIST, theme.THIRD, theme.FOURTH, theme.FIFTH)
    assert all(contrast(seen(colour), seen(theme.PAPER)) >= 4.5 for colour in text)
    assert all(contrast(seen(theme.INK), seen(tint)) >= 7 for tint in theme.TINTS)
    levels = [contrast(seen(level), seen(theme.PAPER)) for level in theme.LEVELS]
    assert levels[0] >= 1.8  # one slow read must be seen
    assert all(after > before * 1.2 for before, after in pairwise(levels))  # more reads, more contrast, in grey too


def test_each_colour_has_one_role() -> None:
    assert len(set(theme.DARK.values())) == len(theme.DARK)


# ---------------------------------------------------------------- arithmetic


def test_levels_are_decades() -> None:
    assert [_level(n) for n in (0, 1, 9, 10, 99_999, 100_000, 10**9)] == [None, 0, 0, 1, 4, 5, 5]


def test_labels_are_pushed_apart_and_no_further() -> None:
    assert spread([5.0, 1.0, 1.0, 9.0], 1.0) == [5.0, 1.0, 2.0, 9.0]


@pytest.mark.parametrize("most", [1, 5, 1023, 1024, 10 << 20, 700 << 20, 3 << 40])
def test_sizes_on_an_axis_are_few_and_cover_it(most: int) -> None:
    steps = round_sizes(most)
    assert 2 <= len(steps) <= 6
    assert steps[0] == 0
    assert most / 2 < steps[-1] <= most
