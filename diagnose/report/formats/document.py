"""A report's Markdown as tokens: what the other formats are made from (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from diagnose.report.charts.files import FOLDER

_UNIT = re.compile(r"(?<=\d) (?=(?:%|[mnµ]?s|[KMGT]?i?B|pages?|reads?)(?!\w))")


def parse(markdown: str) -> list[Token]:
    """Return the tokens of CommonMark with tables; HTML in it stays text."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").parse(markdown)


def picture_of(token: Token) -> tuple[str, str] | None:
    """Return (name, alt) of an inline token that holds one of our pictures and nothing else."""
    kinds = [child.type for child in token.children or []]
    if token.type != "inline" or kinds != ["link_open", "image", "link_close"]:
        return None
    image = (token.children or [])[1]
    source = str(image.attrs["src"])
    return source.removeprefix(f"{FOLDER}/").removesuffix(".png"), plain(image.children or [])


@dataclass(frozen=True)
class Table:
    """Rows of cells, each its inline tokens; the first row is the head. `right`: which columns are numbers."""

    rows: list[list[Sequence[Token]]]
    right: list[bool]


def table_at(tokens: list[Token], start: int) -> tuple[Table, int]:
    """Return the table that opens at `start`, and the index behind it."""
    rows: list[list[Sequence[Token]]] = []
    right: list[bool] = []
    index = start
    while tokens[index].type != "table_close":
        token = tokens[index]
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token.children or [])
        elif token.type == "th_open":
            right.append("right" in str(token.attrs.get("style", "")))
        index += 1
    return Table(rows, right), index + 1


def headings(tokens: list[Token], tag: str) -> Iterator[tuple[int, str]]:
    """Yield (index of the opening token, text) of every heading of this rank."""
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == tag:
            yield index, plain(tokens[index + 1].children or [])


def kept_together(text: str) -> str:
    """Return text in which no line may end between a number and its unit."""
    return _UNIT.sub("\u00a0", text)


def plain(children: Sequence[Token]) -> str:
    """Return what inline tokens say, without any markup."""
    return "".join(" " if c.type == "softbreak" else c.content for c in children)
