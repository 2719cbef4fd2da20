"""report.html: names stay text, nothing is loaded, the policy fits the page, the charts are inside."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.escape import visible
from diagnose.report.charts.drawing import draw
from diagnose.report.formats.html import render_html
from diagnose.report.model import Report
from tests.helpers.example_report import NAMES, example_capture, example_report

HOSTILE = (
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "[x](javascript:alert(1)) ![i](http://e/x.png)",
    "{{ 7*7 }}{% raw %}",
    "a\x00b\x1bc\u202ed",
    "名前" * 300,
    "&lt;script&gt; &#60;b&#62;",
)


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def report_named(name: str) -> Report:
    names = dict.fromkeys(NAMES, name)
    capture = example_capture(windows=25, requested=25, names={k: v for k, v in names.items() if k != "text"})
    return example_report(capture, names=names)


def structure(page: Page) -> Counter[str]:
    """Return how many of each element there are; a note below a command that cannot be shown is a paragraph more."""
    return Counter(tag for tag, _ in page.elements if tag not in ("p", "code"))


def assert_harmless(text: str) -> None:
    page = Page(text)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "img", "object", "embed", "form", "link", "base", "foreignobject", "animate"}
    for tag, attributes in page.elements:
        assert not any(key.startswith("on") for key in attributes), (tag, attributes)
        assert "style" not in attributes
        for key in ("href", "xlink:href", "src"):
            assert (attributes.get(key) or "#").startswith("#"), attributes
    assert "None" not in page.text


PLAIN = structure(Page(render_html(report_named("n"), ())))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_the_page(name: str) -> None:
    text = render_html(report_named(name), ())
    assert_harmless(text)
    assert structure(Page(text)) == PLAIN
    text.encode()


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40) | st.text(st.sampled_from("<>\"'&/=`!-[]() ax"), max_size=25))
def test_a_name_stays_text(name: str) -> None:
    text = render_html(report_named(name), ())
    assert_harmless(text)
    assert structure(Page(text)) == PLAIN


@pytest.mark.parametrize("name", HOSTILE[:3])
def test_charts_with_hostile_names_are_harmless(name: str) -> None:
    report = report_named(name)
    text = render_html(report, draw(report))
    assert_harmless(text)
    assert Counter(tag for tag, _ in Page(text).elements)["figure"] == 4


def test_a_name_is_shown_as_it_is() -> None:
    name = HOSTILE[0]
    assert visible(name) in Page(render_html(report_named(name), ())).text


def test_the_policy_allows_the_one_style_sheet_and_nothing_else() -> None:
    text = render_html(example_report(), ())
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policy = next(a["content"] for t, a in Page(text).elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style[0]
    assert "@import" not in style[0]


def test_the_charts_are_in_the_page_and_their_texts_can_be_unfolded() -> None:
    report = example_report()
    charts = draw(report)
    text = render_html(report, charts)
    page = Page(text)
    assert_harmless(text)
    counted = Counter(tag for tag, _ in page.elements)
    assert counted["figure"] == counted["svg"] == len(charts) == 4
    assert counted["style"] == 1
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert "Reads over time, as text" in page.text
    referred = {v for _, a in page.elements for v in re.findall(r"url\(#([^)]+)\)", " ".join(map(str, a.values())))}
    assert referred <= set(ids)


def test_every_section_can_be_reached() -> None:
    page = Page(render_html(example_report(), ()))
    anchors = {a["id"] for t, a in page.elements if t == "h2"}
    assert {f"#{anchor}" for anchor in anchors} == {a["href"] for t, a in page.elements if t == "a"}
    assert len(anchors) > 10


def test_tables_name_their_columns_and_scroll_by_themselves() -> None:
    page = Page(render_html(example_report(), ()))
    assert all(a.get("scope") == "col" for t, a in page.elements if t == "th")
    regions = [a["aria-label"] for t, a in page.elements if a.get("role") == "region"]
    assert len(regions) == len(set(regions)) == Counter(t for t, _ in page.elements)["table"]
