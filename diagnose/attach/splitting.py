"""A long text in parts that a comment can hold: cut between sections where it can be, code blocks reopened (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Markup:
    """`heading` begins a section; `fence` opens or closes a block whose lines are left alone, `close` is its end."""

    heading: re.Pattern[str]
    fence: re.Pattern[str]
    close: str | None
    """None: the fence's own run of characters closes it."""

    def closing(self, opening: str) -> str:
        """Return the line that closes a block."""
        found = self.fence.match(opening)
        return self.close or (found[1] if found else opening)

    def closes(self, line: str, opening: str) -> bool:
        """Tell whether a line ends the block that `opening` began."""
        closing = self.closing(opening)
        return line.strip() == closing or (
            self.close is None and bool(re.fullmatch(re.escape(closing) + r"[`~]*\s*", line))
        )


MARKDOWN = Markup(re.compile(r"#{1,2} "), re.compile(r"(`{3,}|~{3,})"), None)
JIRA = Markup(re.compile(r"h[12]\. "), re.compile(r"\{(?:noformat|code)[^}]*\}\s*$"), "{noformat}")


def split(text: str, limit: int, markup: Markup) -> list[str]:
    """Return the text in parts of at most `limit` characters; nothing is left out.

    `limit` is at least 1,000.
    """
    if len(text) <= limit:
        return [text]
    parts, current = [], ""
    for section in _sections(text, markup):
        if len(current) + len(section) <= limit:
            current += section
            continue
        if current:
            parts.append(current)
        *whole, current = _cut(section, limit, markup)
        parts += whole
    return [part.strip("\n") + "\n" for part in [*parts, current] if part.strip()]


def _sections(text: str, markup: Markup) -> Iterator[str]:
    """Yield the text section by section; a heading inside a block is none."""
    lines: list[str] = []
    for line, opening in with_blocks(text, markup):
        if opening is None and markup.heading.match(line) and lines:
            yield "".join(lines)
            lines = []
        lines.append(line)
    yield "".join(lines)


def lines(text: str) -> list[str]:
    """Return the lines with their ends. Only a line feed ends one: Python sees ends where no Markdown parser does."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def with_blocks(text: str, markup: Markup) -> Iterator[tuple[str, str | None]]:
    """Yield each line with the line that opened the block it stands in; an opening line stands in none yet."""
    opening: str | None = None
    for line in lines(text):
        yield line, opening
        if opening is not None:
            opening = None if markup.closes(line, opening) else opening
        elif markup.fence.match(line):
            opening = line.rstrip("\n")


@dataclass
class _Cutter:
    """Collects lines into pieces that fit."""

    limit: int
    markup: Markup
    pieces: list[str] = field(default_factory=list)
    current: str = ""

    def add(self, line: str, opening: str | None) -> None:
        spare = len(self.markup.closing(opening)) + 1 if opening else 0
        if self.current and len(self.current) + len(line) + spare > self.limit:
            self.end(opening)
        while len(self.current) + len(line) + spare > self.limit:
            room = self.limit - len(self.current) - spare - 1
            self.current, line = f"{self.current}{line[:room]}\n", line[room:]
            self.end(opening)
        self.current += line

    def end(self, opening: str | None) -> None:
        """Close the piece, and the block that goes on in the next one."""
        self.pieces.append(f"{self.current}{self.markup.closing(opening)}\n" if opening else self.current)
        self.current = f"{opening}\n" if opening else ""


def _cut(section: str, limit: int, markup: Markup) -> list[str]:
    if len(section) <= limit:
        return [section]
    cutter = _Cutter(limit, markup)
    for line, opening in with_blocks(section, markup):
        cutter.add(line, opening)
    return [*cutter.pieces, cutter.current]
