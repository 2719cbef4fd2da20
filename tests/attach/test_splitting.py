"""Long reports in parts: nothing is lost, nothing is too long, no code block is left open."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.attach.splitting import JIRA, MARKDOWN, Markup, split

LINES = ["", "text", "## Heading", "h2. Heading", "# Top", "```text", "```", "````sh", "````", "~~~", "{noformat}",
         "| a | b |", "x" * 700, "y" * 2500, "    indented", "- item"]  # fmt: skip


def open_block(text: str, markup: Markup) -> str | None:
    """Return the line that opened a block which the text does not close."""
    opening = None
    for line in text.split("\n"):
        if opening is None:
            opening = line if markup.fence.match(line) else None
        elif markup.closes(line, opening):
            opening = None
    return opening


@pytest.mark.parametrize("markup", [MARKDOWN, JIRA], ids=["markdown", "jira"])
@given(lines=st.lists(st.sampled_from(LINES), max_size=80))
def test_parts_are_short_whole_and_complete(markup: Markup, lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    parts = split(text, 1000, markup)
    assert all(len(part) <= 1000 for part in parts)
    assert all(open_block(part, markup) is None for part in parts[:-1])
    if open_block(text, markup) is None:
        assert open_block(parts[-1], markup) is None

    def letters(of: str) -> str:
        """What is said, without what opens and closes blocks and without the places of line breaks."""
        return re.sub(r"\{noformat\}|[`~]{3,}\w*|\s", "", of)

    assert letters("".join(parts)) == letters(text)


def test_a_text_that_fits_is_left_alone() -> None:
    assert split("## a\n\n\n```\n", 1000, MARKDOWN) == ["## a\n\n\n```\n"]


def test_it_is_cut_between_sections_where_that_is_possible() -> None:
    sections = [f"## Section {n}\n{'x' * 600}\n" for n in range(4)]
    assert split("".join(sections), 1300, MARKDOWN) == ["".join(sections[:2]), "".join(sections[2:])]


def test_a_long_block_goes_on_in_the_next_part_and_its_lines_stay_whole() -> None:
    rows = [f"row {n:04d} {'.' * 50}" for n in range(60)]
    text = "## Picture\n\n````text\n" + "\n".join(rows) + "\n````\n\nafter\n"
    parts = split(text, 1000, MARKDOWN)
    assert len(parts) > 3
    assert all(part.count("````") == 2 for part in parts)
    assert [line for part in parts for line in part.split("\n") if line.startswith("row")] == rows


def test_a_heading_inside_a_block_is_none() -> None:
    text = f"## a\n```\n## not a heading\n```\n{'x' * 900}\n## b\n{'y' * 300}\n"
    first, second = split(text, 1000, MARKDOWN)
    assert "not a heading" in first
    assert second.startswith("## b")
