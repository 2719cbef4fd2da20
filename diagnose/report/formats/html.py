"""The report as one HTML file: the Markdown's content, the charts inside, no network, no script (pure).

The content security policy allows one style sheet, by its hash, and nothing else: whatever a name might smuggle in
would not be loaded or run. Dark screens, phones and paper are looked after by the style sheet.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from diagnose.escape import shortened
from diagnose.report.charts.drawing import Chart
from diagnose.report.charts.theme import dark_rules
from diagnose.report.formats.document import headings, kept_together, parse, picture_of, plain
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.model import Report
from diagnose.resources import folder

_STYLE_ELEMENT = re.compile(r"<style>.*?</style>", re.DOTALL)


def render_html(report: Report, charts: Sequence[Chart]) -> str:
    """Return `report.html`."""
    drawn = {chart.picture.name: chart for chart in charts}
    tokens = parse(render_markdown(report, {name: chart.picture for name, chart in drawn.items()}))
    sections = _sections(tokens)
    _show_charts(tokens, drawn)
    _fit_tables(tokens)
    for child in (child for token in tokens for child in token.children or [] if child.type == "text"):
        child.content = kept_together(child.content)
    style = _style()
    content = MarkdownIt("commonmark", {"html": False}).renderer.render(tokens, MarkdownIt("commonmark").options, {})
    head, _, body = content.partition("</h1>")
    page: str = (
        _templates()
        .get_template("report.html.j2")
        .render(
            title=f"Read latency of {shortened(report.service.name)}",
            status=report.verdict.status,
            policy=f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'",
            style=Markup(style),  # noqa: S704 - our own file
            sections=sections,
            head=Markup(f"{head}</h1>"),  # noqa: S704 - rendered, hence escaped, by markdown-it
            body=Markup(body),  # noqa: S704 - as above
        )
    )
    return page


def _sections(tokens: list[Token]) -> list[tuple[str, str]]:
    """Give every section an id, and return (id, title) of each."""
    sections = []
    for index, title in headings(tokens, "h2"):
        anchor = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        tokens[index].attrSet("id", anchor)
        sections.append((anchor, title))
    return sections


def _show_charts(tokens: list[Token], drawn: dict[str, Chart]) -> None:
    """Put each chart in the place of its link; the text picture below it goes where it can be unfolded."""
    chart: Chart | None = None
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            chart = None
        if (found := picture_of(token)) and found[0] in drawn:
            chart = drawn[found[0]]
            tokens[index - 1] = tokens[index + 1] = _html("")
            tokens[index] = _html(_figure(chart))
        elif token.type == "fence":
            tokens[index] = _html(_preformatted(token, chart))
            chart = None if token.info == "text" else chart


def _figure(chart: Chart) -> str:
    """Return the chart's SVG; its rules for dark screens are in the page's style sheet."""
    scalable = _STYLE_ELEMENT.sub("", chart.svg.decode()).strip()
    title = escape(chart.picture.title)
    return f'<figure tabindex="0" role="group" aria-label="{title}">{scalable}</figure>\n'


def _preformatted(token: Token, chart: Chart | None) -> str:
    kind = "picture" if token.info == "text" else "command"
    lines = f'<pre tabindex="0" class="{kind}">{escape(token.content)}</pre>\n'
    if chart is None or token.info != "text":
        return lines
    title = escape(chart.picture.title)
    return f"<details><summary>{title}, as text</summary>{lines}</details>\n"


def _fit_tables(tokens: list[Token]) -> None:
    """Let wide tables scroll, and write the alignment as a class: the policy allows no style attribute."""
    title, number = "", 0
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            title, number = plain(tokens[index + 1].children or []), 0
        elif token.type == "table_open":
            number += 1
            label = escape(f"Table {number} of {title}")
            tokens[index] = _html(f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table>\n')
        elif token.type == "table_close":
            tokens[index] = _html("</table></div>\n")
        elif token.type in ("th_open", "td_open"):
            if "right" in str(token.attrs.pop("style", "")):
                token.attrSet("class", "number")
            if token.type == "th_open":
                token.attrSet("scope", "col")


def _html(text: str) -> Token:
    return Token("html_block", "", 0, content=text)


def _hash(style: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


@cache
def _style() -> str:
    """Return the style sheet; it must be byte for byte what stands between the tags."""
    return (folder("reports") / "report.css").read_text("utf-8").strip() + "\n" + dark_rules("svg ") + "\n"


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(folder("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
