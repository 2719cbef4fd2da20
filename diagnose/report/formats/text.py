"""The report's Markdown as plain text of 100 columns: for a mail, a pager, a screen reader (pure)."""

from __future__ import annotations

import io
import re
import textwrap

from markdown_it.token import Token
from rich import box
from rich.console import Console
from rich.table import Table as Drawn
from rich.text import Text

from diagnose.escape import columns
from diagnose.report.formats.document import Table, kept_together, parse, picture_of, plain, table_at

WIDTH = 100


def text(markdown: str) -> str:
    """Return the report without any markup."""
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
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n") + "\n"


def _block(token: Token, before: Token, depth: int) -> list[str]:
    if token.type == "inline" and not picture_of(token):
        words = plain(token.children or [])
        if before.type == "heading_open":
            line = {"h1": "=", "h2": "-"}.get(before.tag, ".")
            return [words, line * min(columns(words), WIDTH), ""]
        return _item(words, depth) if depth else [*_wrapped(words), ""]
    if token.type in ("fence", "code_block"):
        # as it is: a command must be one line, and a picture is narrow enough
        indent = "" if token.info == "text" else "  "
        return [*(f"{indent}{line}" for line in token.content.rstrip("\n").split("\n")), ""]
    if token.type == "hr":
        return ["=" * WIDTH, ""]
    return [""] if token.type == "bullet_list_close" and depth == 0 else []


def _item(words: str, depth: int) -> list[str]:
    indent = "  " * depth
    return _wrapped(words, f"{indent[2:]}- ", indent)


def _wrapped(words: str, first: str = "", rest: str = "") -> list[str]:
    words = kept_together(words)
    lines = textwrap.wrap(
        words, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\u00a0", " ") for line in lines] or [first.rstrip()]


def _table(table: Table) -> list[str]:
    """Return the table with its columns aligned; where it is too wide, cells are broken into lines."""
    head, *rows = table.rows
    drawn = Drawn(box=box.ASCII2, show_edge=False, pad_edge=False)
    for cell, right in zip(head, table.right, strict=True):
        drawn.add_column(Text(plain(cell)), justify="right" if right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(plain(cell)) for cell in row))
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False).print(drawn)
    return out.getvalue().rstrip("\n").split("\n")
