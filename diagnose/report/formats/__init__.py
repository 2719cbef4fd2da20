"""The forms a report can take, by the name that `--format` gives them.

Markdown is the original (`reports/*.j2`). HTML, Jira's markup and plain text are made from it, and say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.report.charts.drawing import Chart
    from diagnose.report.model import Report

    Render = Callable[[Report, Sequence[Chart]], str]


@dataclass(frozen=True)
class Format:
    """A file beside the capture. `links`: it refers to the picture files; else it needs none, or holds them itself."""

    file: str
    about: str
    render: Render
    links: bool = False


def _markdown(report: Report, charts: Sequence[Chart]) -> str:
    from diagnose.report.formats.markdown import render_markdown

    return render_markdown(report, {chart.picture.name: chart.picture for chart in charts})


def _html(report: Report, charts: Sequence[Chart]) -> str:
    from diagnose.report.formats.html import render_html

    return render_html(report, charts)


def _jira(report: Report, charts: Sequence[Chart]) -> str:
    from diagnose.report.formats.jira import jira

    return jira(_markdown(report, charts))


def _text(report: Report, _: Sequence[Chart]) -> str:
    from diagnose.report.formats.text import text

    return text(_markdown(report, ()))


def _json(report: Report, _: Sequence[Chart]) -> str:
    from diagnose.report.formats.json_text import render_json

    return render_json(report)


def _openmetrics(report: Report, _: Sequence[Chart]) -> str:
    from diagnose.report.formats.openmetrics import openmetrics

    return openmetrics(report)


FORMATS = {
    "markdown": Format("report.md", "CommonMark with GitHub's tables", _markdown, links=True),
    "json": Format("report.json", "everything, for programs and for apply", _json),
    "html": Format("report.html", "one file with the charts in it, no network", _html),
    "jira": Format("report.jira.txt", "Jira wiki markup", _jira, links=True),
    "text": Format("report.txt", "plain text, 100 columns", _text),
    "openmetrics": Format("report.prom", "key figures for node_exporter's textfile collector", _openmetrics),
}
DEFAULT = ("markdown", "json")
