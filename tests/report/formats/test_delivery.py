"""What --output, --format and --no-charts ask for, and what is written for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.errors import UsageError
from diagnose.report.charts import drawing
from diagnose.report.charts.drawing import Chart
from diagnose.report.charts.files import FILES
from diagnose.report.charts.which import which
from diagnose.report.formats import FORMATS
from diagnose.report.formats.delivery import contents, delivery, printed
from diagnose.report.model import Report
from tests.helpers.example_report import example_capture, example_report

DEFAULT = ["report.md", "report.json", "capture.json.gz"]


def draw(report: Report) -> list[Chart]:
    """Return the report's charts as blank files: how they look is not what is asked here."""
    return [Chart(picture, b"<svg><style></style></svg>", b"PNG") for picture in which(report).values()]


def refuse(_: Report) -> list[Chart]:
    raise AssertionError("nothing is to be drawn here")


def test_the_default_is_what_is_promised() -> None:
    wanted = delivery(None, ())
    assert not wanted.to_stdout
    assert list(contents(example_report(), b"c", wanted, draw))[:3] == DEFAULT
    assert set(wanted.files()) == {*DEFAULT, *FILES}


@pytest.mark.parametrize("given", [["html", "text"], ["html,text"], [" HTML , text "], ["html", "text,html"]])
def test_formats_are_repeated_or_listed(given: list[str]) -> None:
    assert delivery("d", given).formats == ("html", "text")


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_its_file(name: str) -> None:
    written = contents(example_report(), b"c", delivery("d", [name]), draw)
    assert written[FORMATS[name].file].strip()
    assert written["capture.json.gz"] == b"c"
    assert len(written) == 2 + 2 * len(which(example_report()))


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_can_be_printed(name: str) -> None:
    out = printed(example_report(), delivery("-", [name]), draw if name == "html" else refuse).decode()
    assert out.endswith("\n")
    assert not any(name in out for name in FILES)
    assert ("<figure" in out) == (name == "html")


def test_without_charts_nothing_is_drawn_nor_linked() -> None:
    written = contents(example_report(), b"c", delivery("d", ["markdown,json,html"], with_charts=False), refuse)
    assert set(written) == {*DEFAULT, "report.html"}
    assert b"charts/" not in written["report.md"]


def test_every_link_of_the_markdown_leads_to_a_file() -> None:
    written = contents(example_report(), b"c", delivery("d", ()), draw)
    linked = {name for name in FILES if f"]({name})" in written["report.md"].decode()}
    assert linked == {name for name in written if name.startswith("charts/")}
    assert len(linked) == 8


@pytest.mark.parametrize(
    ("where", "given", "says"),
    [
        ("d", ["htm"], "did you mean html"),
        ("d", ["markdown", "\x1b[1m"], "there are: markdown, json"),
        ("d", [""], "no format ''"),
        ("d", ["text,"], "no format ''"),
        ("-", ["text,json"], "prints one format"),
    ],
)
def test_what_cannot_be_is_refused(where: str, given: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        delivery(where, given)
    assert "\x1b" not in str(refused.value)


def test_a_folder_that_holds_any_of_it_is_refused_early(tmp_path: Path) -> None:
    (tmp_path / "report.html").touch()
    delivery(str(tmp_path), ["markdown"]).check()
    with pytest.raises(UsageError, match=r"already holds report\.html"):
        delivery(str(tmp_path), ["html"]).check()
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "evictions.svg").touch()
    with pytest.raises(UsageError, match=r"already holds charts/evictions\.svg"):
        delivery(str(tmp_path), ["markdown"]).check()
    delivery(str(tmp_path), ["markdown"], with_charts=False).check()
    delivery("-", ["html"]).check()


def test_a_capture_read_back_gives_the_same_bytes_as_the_measurement() -> None:
    """What `diagnose latency` writes from memory is what `diagnose report` makes of the file it wrote."""
    capture, wanted = example_capture(), delivery("d", [",".join(FORMATS)])
    packed = captures.to_bytes(capture)
    again = captures.parse(packed, "capture.json.gz")
    written, made_again = (
        contents(pipeline.analyse(c, rules.load_rules(), packed), packed, wanted, drawing.draw)
        for c in (capture, again)
    )
    assert written == made_again
    assert len([name for name in written if name.endswith(".png")]) >= 3
