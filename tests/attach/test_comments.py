"""What a comment shows first, what it folds, how it is found again, and what becomes of pictures."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from diagnose.attach import comments
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.example_report import example_report

HASH = "ab" * 32


def test_the_first_screen_is_seen_and_the_rest_folded() -> None:
    markdown = render_markdown(example_report())
    (comment,) = comments.markdown_comments(markdown, HASH, comments.GITHUB_LIMIT)
    seen, folded = comment.split("<details>")
    assert "What to do" in seen
    assert "## Definitions" in folded
    assert folded.rstrip().endswith(f"</details>\n\n<!-- diagnose capture sha256:{HASH} part 1/1 -->")
    for heading in (line for line in markdown.split("\n") if line.startswith("#")):
        assert heading in comment


def test_the_rule_of_a_report_ends_its_first_screen() -> None:
    (comment,) = comments.markdown_comments("# a\n\n## b\n\n## c\n\n---\n\n## d\n", HASH, 65_536)
    assert comment.startswith("# a\n\n## b\n\n## c\n\n<details>")
    assert "---" not in comment
    (short,) = comments.markdown_comments("# a\n\nb\n", HASH, 65_536)
    assert "<details>" not in short


def test_what_is_folded_is_still_markdown() -> None:
    (comment,) = comments.markdown_comments("# a\n\n## b\n\n## c\n\n| x | y |\n|---|---|\n| 1 | 2 |\n", HASH, 65_536)
    html = MarkdownIt("commonmark").enable("table").render(comment)
    assert "<table>" in html
    assert html.index("<details>") < html.index("<table>") < html.index("</details>")


@pytest.mark.parametrize("limit", [2000, 10_000])
def test_parts_are_numbered_and_none_is_too_long(limit: int) -> None:
    markdown = render_markdown(example_report())
    texts = comments.markdown_comments(markdown, HASH, limit)
    assert len(texts) > 1
    assert all(len(text) <= limit for text in texts)
    found = comments.parts_in({str(n): text for n, text in enumerate(texts)}, HASH)
    assert sorted(found) == [(n, len(texts)) for n in range(1, len(texts) + 1)]
    assert "What to do" in texts[0]


def test_a_mark_is_found_only_for_its_own_capture() -> None:
    text = f"x\n<!-- {comments.mark(HASH, (2, 3))} -->"
    assert comments.parts_in({"address": text, "other": "hello"}, HASH) == {(2, 3): "address"}
    assert comments.parts_in({"address": text}, "cd" * 32) == {}


def test_jira_comments_end_with_the_mark_and_keep_to_the_limit() -> None:
    text = "".join(f"h2. Section {n}\n\n{'x' * 5000}\n\n" for n in range(20))
    texts = comments.jira_comments(text, HASH, comments.JIRA_LIMIT)
    assert len(texts) == 4
    assert all(len(t) <= comments.JIRA_LIMIT for t in texts)
    assert texts[1].startswith("_Part 2 of 4 of the report._\n\nh2. Section ")
    assert texts[3].endswith(f"diagnose capture sha256:{HASH} part 4/4\n")


def test_markdown_for_jira_cannot_end_its_block() -> None:
    text = comments.preformatted_for_jira("# a\n{noformat}\n!http://x/y.png!\n{NoFormat:title=x}\n")
    assert text.lower().count("{noformat") == 2
    assert text.startswith("{noformat}\n# a\n")


def test_pictures_get_their_new_address_or_become_their_text() -> None:
    markdown = "[![Reads over time](reads.png)](reads.svg)\n\n![Modes](modes.png)\n\n![x](https://e.example/x.png)\n"
    assert comments.pictures_of(markdown) == ["reads.png", "modes.png", "https://e.example/x.png"]
    assert comments.with_pictures(markdown, {"reads.png": "/uploads/1/reads.png"}) == (
        "![Reads over time](/uploads/1/reads.png)\n\n*Picture: Modes* (`modes.png` beside the report)\n\n"
        "![x](https://e.example/x.png)\n"
    )


def test_jira_pictures_get_the_names_of_their_attachments() -> None:
    text = "h2. Reads\n\n!reads.png!\n\n!modes.png|width=300!\n\nWhat! No!\n"
    assert comments.with_jira_pictures(text, {"reads.png": "diagnose-ab-reads.png"}) == (
        "h2. Reads\n\n!diagnose-ab-reads.png|width=900!\n\n(picture modes.png, beside the report)\n\nWhat! No!\n"
    )
