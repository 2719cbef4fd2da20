"""Jira's markup: what a name holds is text there, the structure is the report's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from diagnose import escape
from diagnose.report.charts.which import which
from diagnose.report.formats.jira import jira
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.example_report import NAMES, example_capture, example_report

HOSTILE = (
    "{noformat}*b*{noformat}", "{code}x{code}", "{color:red}x{color}", "a|b||c", "[~admin]", "[x|http://e]", "!i.png!",
    "h1. x", "bq. x", "* x", "# x", "----", "-x-", "_x_", "{{x}}", "??x??", "(!) :) (/) ;)",
    "http://e/ www.e mailto:a@b", "\\*x\\*", "&#42;x&#42;", "^x^ ~x~ +x+", "{toc}", "@you", "|", "{", "\\\\",
    "{panel:title=x}",
)  # fmt: skip
STRUCTURE = re.compile(r"&(?:#\d+|amp|lt|gt);")
ENTITY = re.compile(r"&#(\d+);")


def shown(name: str, place: str) -> str:
    """Return the markup of a Markdown document with the name in a paragraph, a cell, a code span or a command."""
    text = place.format(prose=escape.prose(f"x {name}"), cell=escape.cell(name), code=escape.code(name))
    return jira(text)


def read_back(markup: str) -> str:
    """Return what Jira shows of escaped text."""
    text = ENTITY.sub(lambda m: chr(int(m[1])), markup)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def active(markup: str) -> list[str]:
    """Return what Jira takes as markup: what is left of it without entities, monospaced spans aside.

    A name without anything to see is written "(blank)", and one that a table cannot hold as code is written as text.
    """
    markup = markup.replace("{{", " ").replace("}}", " ")
    return re.findall(
        r"[{}\[\]|\\^~!?]|@(?=\w)|^(?:h[1-6]|bq)\.|(?<!\w)[*_+\-]|[*_+\-](?!\w)|://", STRUCTURE.sub("·", markup), re.M
    )


PLACES = ("{prose}\n", "# {prose}\n", "- {prose}: {code}\n", "{code}\n", "| A | B |\n|---|---|\n| {prose} | {cell} |\n")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_a_hostile_name_is_text(name: str, place: str) -> None:
    assert active(shown(name, place)) == active(shown("x", place))


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("{}[]|*_-+^~!?\\#h1.bq:()/@&;<> axn\n"), max_size=30) | st.text(max_size=30))
def test_any_name_is_text(name: str) -> None:
    for place in PLACES:
        assert active(shown(name, place)) == active(shown("x", place)), shown(name, place)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    assert read_back(shown(name, "{code}\n")) == f"{{{{{name}}}}}\n"


def test_a_command_cannot_end_its_block() -> None:
    lines = jira("```sh\necho {noformat} *x*\n```\n\nafter\n").split("\n")
    assert lines[0].startswith("{{echo &#123;noformat&#125;")
    assert "{noformat}" not in lines
    assert jira("```sh\necho *x*\n```\n") == "{noformat}\necho *x*\n{noformat}\n"


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_the_report(name: str) -> None:
    names = dict.fromkeys(NAMES, name)
    capture = example_capture(windows=25, requested=25, names={k: v for k, v in names.items() if k != "text"})
    rows = {len(row) for row in _tables(jira(render_markdown(example_report(capture, names=names))))}
    plain = {len(row) for row in _tables(jira(render_markdown(example_report(example_capture(25, 25)))))}
    assert rows == plain


def _tables(markup: str) -> list[list[str]]:
    return [re.split(r"\|+", line)[1:-1] for line in markup.split("\n") if line.startswith("|")]


def test_nothing_of_the_report_is_lost() -> None:
    markdown = render_markdown(example_report())
    markup = read_back(jira(markdown))
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for token in (child for t in tokens for child in t.children or []):
        assert token.content in markup
    for fence in (t for t in tokens if t.type == "fence"):
        assert fence.content in markup


def test_pictures_are_named_as_they_are_attached() -> None:
    report = example_report()
    pictures = which(report)
    markup = jira(render_markdown(report, pictures))
    assert re.findall(r"^!(.*)\|width=\d+!$", markup, re.MULTILINE) == [
        f"{name}.png" for name in ("latency-over-time", "latency-modes", "evictions", "page-cache") if name in pictures
    ]
