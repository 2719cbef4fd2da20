"""Writes the golden files anew: `python -m tests.golden`. The diff is reviewed like code."""

from __future__ import annotations

from pathlib import Path

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.charts.which import which
from diagnose.report.formats import FORMATS
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.example_report import example_report

FOLDER = Path(__file__).parent
GOLDEN = {
    **dict.fromkeys(FORMATS, "noisy-neighbour"),
    "markdown healthy": "healthy",
    "markdown swapping": "swap-thrash",
}
"""What each golden file shows: the format (the first word), and the recorded scenario."""


EXAMPLE = FOLDER / "example.report.md"


def example() -> str:
    """Return the Markdown of the tests' own example, with what no recording has at once, and links to its charts."""
    report = example_report()
    return render_markdown(report, which(report))


def path_of(golden: str) -> Path:
    return FOLDER / f"{GOLDEN[golden]}.{FORMATS[golden.split()[0]].file}"


def rendered(golden: str) -> str:
    """Return a report as `diagnose report --no-charts` writes it: how pictures are drawn changes with matplotlib."""
    capture, packed = captures.load(RECORDED / f"{GOLDEN[golden]}.capture.json.gz")
    return FORMATS[golden.split()[0]].render(pipeline.analyse(capture, rules.load_rules(), packed), ())


if __name__ == "__main__":
    EXAMPLE.write_text(example(), "utf-8")
    for name in GOLDEN:
        path_of(name).write_text(rendered(name), "utf-8")
