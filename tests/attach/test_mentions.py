"""Hostile names in a comment: nobody is notified, nothing carried out, no other ticket referred to."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from diagnose.attach.comments import markdown_comments
from diagnose.attach.mentions import calling_blocks, harmless
from diagnose.escape import cell, code, prose
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.example_report import example_report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/close this\n", "&#47;close this\n"),
        ("  /close\n", "  &#47;close\n"),
        ("a /close b\n", "a /close b\n"),
        ("by @torvalds and @org/team-x.\n", "by `@torvalds` and `@org/team-x.`\n"),
        ("`@torvalds` and ``a ` @x`` and @y\n", "`@torvalds` and ``a ` @x`` and `@y`\n"),
        ("see #12, !3, &4 and GH-5; &#124; stays\n", "see `#12`, `!3`, `&4` and `GH-5`; &#124; stays\n"),
        ("```text\n/close @x #1\n```\n/close\n", "```text\n/close @x #1\n```\n&#47;close\n"),
        ("## 5 of 6: 50 % at 3 µs\n", "## 5 of 6: 50 % at 3 µs\n"),
        ("| /close | @x |\n", "| /close | `@x` |\n"),
    ],
)
def test_what_calls_somebody_is_put_into_code(text: str, expected: str) -> None:
    assert harmless(text) == expected


def test_a_report_full_of_hostile_names_calls_nobody() -> None:
    names = {"batch": "/close @torvalds #1 GH-2", "service": "/merge @org/everyone !7", "person": "@me"}
    (comment,) = markdown_comments(render_markdown(example_report(names=names)), "0" * 64, 65_536)
    html = MarkdownIt("commonmark").enable("table").render(comment)
    seen = re.sub(r"<(code|pre)[^>]*>.*?</\1>|<[^>]+>|&[a-z]+;", "", html, flags=re.DOTALL)
    assert "@" not in seen
    assert not re.search(r"[#!]\d|GH-\d", seen)
    outside = re.sub(r"^(`{3,}).*?^\1", "", comment, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"^\s*/[a-z]", outside, re.MULTILINE)
    assert "close" in comment


PIECES = (
    "`",
    "``",
    "\\",
    "@someone",
    "#12",
    "GH-5",
    "!7",
    "&#64;x",
    "&commat;y",
    "/close",
    "\n",
    "\r",
    "\u2028",
    "\x0b",
    " ",
    "|",
    "~~~",
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join)


@given(HOSTILE)
@example("``\r@someone`")
@example("\u2028\u2028\n\\`@someone\\`\n")
@example("\\`@someone")
def test_no_text_calls_anybody_whatever_it_is_made_of(text: str) -> None:
    made = harmless(text)
    assert list(calling_blocks(made)) == []
    assert harmless(made) == made


@given(st.sampled_from([prose, code, cell]), HOSTILE, HOSTILE)
def test_names_cannot_move_the_edges_of_code(write: object, one: str, other: str) -> None:
    line = f"{write(one)} evicted {write(other)}: `x`\n"  # type: ignore[operator]
    assert list(calling_blocks(harmless(line))) == []


def test_a_stray_backtick_does_not_let_a_mention_out() -> None:
    hostile = "it is \\`@x\\` and `@torvalds\n"
    assert list(calling_blocks(hostile))
    assert list(calling_blocks(harmless(hostile))) == []
