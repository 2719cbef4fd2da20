"""The report's Markdown as Jira wiki markup: headings, lists, tables, monospace, noformat, attached pictures (pure).

Pictures are shown by their file names: Jira finds them among the ticket's attachments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from diagnose.report.formats.document import Table, parse, picture_of, plain, table_at

PICTURE_WIDTH = 900
"""In pixels: what Jira shows beside its columns without scrolling."""
_SPECIAL = re.compile(
    r"[{}\[\]|\\^~!?]"  # macros, links, table cells, escapes, super- and subscript, pictures, citations
    r"|(?<![^\W_])[*_+\-]|[*_+\-](?![^\W_])"  # emphasis and rules, at the edge of a word
    r"|\((?=[^()\s]{1,3}\))|[:;](?=[-()DPp|])"  # emoticons
    r"|:(?=//)|(?<=\bwww)\.|(?<=\bmailto):|@(?=\w)",  # addresses that would become links
    re.IGNORECASE,
)
_LINE_START = re.compile(r"(?:h[1-6]|bq)(?=\.)|#", re.IGNORECASE)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def jira(markdown: str) -> str:
    """Return Jira's markup of a report."""
    lines: list[str] = []
    tokens, index, depth = parse(markdown), 0, 0
    while index < len(tokens):
        token = tokens[index]
        if token.type == "table_open":
            table, index = table_at(tokens, index)
            lines += [*_table(table), ""]
            continue
        depth += {"bullet_list_open": 1, "bullet_list_close": -1}.get(token.type, 0)
        lines += _block(token, tokens[index - 1] if index else token, depth)
        index += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _block(token: Token, before: Token, depth: int) -> list[str]:
    if token.type == "inline":
        if found := picture_of(token):
            return [f"!{found[0]}.png|width={PICTURE_WIDTH}!", ""]
        text = inline(token.children or [])
        if before.type == "heading_open":
            return [f"{before.tag}. {text}", ""]
        return [f"{'*' * depth} {text}"] if depth else [text, ""]
    if token.type in ("fence", "code_block"):
        return [*preformatted(token.content), ""]
    if token.type == "hr":
        return ["----", ""]
    return [""] if token.type == "bullet_list_close" and depth == 0 else []


def inline(children: Sequence[Token]) -> str:
    """Return inline tokens as markup."""
    parts = []
    for child in children:
        if child.type == "code_inline":
            parts.append(f"{{{{{escape(child.content)}}}}}")
        elif child.type in ("strong_open", "strong_close"):
            parts.append("*")
        else:
            parts.append(escape(plain([child])))
    text = "".join(parts)
    if start := _LINE_START.match(text):
        return "".join(f"&#{ord(c)};" for c in start[0]) + text[start.end() :]
    return text


def escape(text: str) -> str:
    """Return text that Jira shows as it is."""
    entities = re.sub(r"[&<>]", lambda m: _ENTITIES[m[0]], text)
    return _SPECIAL.sub(lambda m: f"&#{ord(m[0])};", entities)


def preformatted(content: str) -> list[str]:
    """Return lines that Jira leaves alone; lines that would end the block are written as escaped text instead."""
    lines = content.rstrip("\n").split("\n")
    if "{noformat" in content.lower():
        return [f"{{{{{escape(line)}}}}}" for line in lines]
    return ["{noformat}", *lines, "{noformat}"]


def _table(table: Table) -> list[str]:
    head, *rows = table.rows
    cells = [[inline(cell) or " " for cell in row] for row in rows]
    return ["||" + "||".join(inline(c) or " " for c in head) + "||", *("|" + "|".join(row) + "|" for row in cells)]
