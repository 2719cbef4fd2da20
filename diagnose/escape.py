"""Text from the system, made harmless inside Markdown: paragraphs, tables, code spans, fences and headings (pure).

Names of cgroups, files and processes are chosen by whoever runs them. Whatever they contain, they must not add a row,
a link, an HTML tag or a line to a report, nor hide what they are. Every function returns `Markup`, which here means
"this is Markdown already"; the templates escape everything else (`finalize`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

from markupsafe import Markup

MAX_COMMAND_COLUMNS = 160
MAX_NAME_COLUMNS = 120
_NEWLINES = str.maketrans({"\n": "␤", "\r": "␍", "\t": "\\t"})
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_MARKUP = re.compile(r"[\\`*\[\]~$|]|(?<![^\W_])_|_(?![^\W_])|!(?=\[)|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
_BLOCK_START = re.compile(r"[-+=#]|\d{1,9}[.)](?=\s|$)")
_UNSHOWN = Markup(
    "\n\nThis command holds characters that cannot be shown here, so it does not work as printed; `report.json` holds "
    "the names as they are."
)
_FILLERS = frozenset((0x34F, 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0))
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


Visible = NewType("Visible", str)
"""Lines of what can be seen, which `visible` and its like alone make; what prints to a terminal takes nothing else."""


def visible(text: str) -> Visible:
    r"""Return `text` on one line, with what cannot be seen spelled out: newline "␤", escape "\x1b", bidi "\u202e"."""
    if text.isascii() and text.isprintable():
        return Visible(text)
    return Visible("".join(map(_visible_character, text.translate(_NEWLINES))))


def visible_lines(text: str) -> Visible:
    """Return `text` visible, line by line; only "\\n" ends one."""
    return Visible("\n".join(map(visible, text.split("\n"))))


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, limit: int = MAX_NAME_COLUMNS) -> Visible:
    """Return `text` visible and at most `limit` columns wide, its middle replaced by "…" where it is longer."""
    shown = visible(text)
    if columns(shown) <= limit:
        return shown
    head = _prefix(shown, limit - 1 - (limit - 1) // 2)
    tail = _prefix(shown[::-1], (limit - 1) // 2)[::-1]
    return Visible(f"{head}…{tail}")


def prose(text: object) -> Markup:
    """Return a sentence, or a value, for a paragraph, list item, heading or table cell."""
    line: str = visible(str(text).strip())
    line = re.sub(r"[&<>]", lambda m: _ENTITIES[m[0]], _MARKUP.sub(r"\\\g<0>", line)).replace("\\|", "&#124;")
    if start := _BLOCK_START.match(line):
        line = f"{line[: start.end() - 1]}\\{line[start.end() - 1 :]}"
    return Markup(line)  # noqa: S704 - "Markup" is Markdown here, and this is its escape function


def code(name: object) -> Markup:
    """Return a name as a code span for any place but a table; long names lose their middle."""
    text = shortened(str(name))
    if not text.strip():
        return Markup("(blank)")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return Markup(f"{ticks}{pad}{text}{pad}{ticks}")  # noqa: S704 - as above


def cell(name: object) -> Markup:
    r"""Return a name as a code span for a table cell.

    "|" becomes "\|", which tables undo even in code spans. Renderers disagree on "\\|", and on whether a backtick there
    is escaped; such names are written as escaped text instead.
    """
    text = shortened(str(name))
    if re.search(r"`|\\[|]", text):
        return prose(text)
    return Markup(str(code(text)).replace("|", "\\|"))  # noqa: S704 - as above


def fence(text: str, language: str = "text") -> Markup:
    """Return lines in a fenced code block which its content cannot close; only "\\n" ends a line."""
    lines = [visible(line) for line in text.split("\n")]
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return Markup("\n".join([ticks + language, *lines, ticks]))  # noqa: S704 - as above


def image(alt: str, source: str, target: str) -> Markup:
    """Return an image that links to `target`, with a text for those who do not see it; both paths are our own."""
    return Markup(f"[![{prose(alt)}]({source})]({target})")  # noqa: S704 - as above


def command(line: str) -> Markup:
    """Return a shell command in a fence; where it holds characters that cannot be shown, a sentence says so."""
    block = fence(visible(line), "sh")
    if visible(line) == line:
        return block
    return block + _UNSHOWN


def one_liner(line: str) -> Markup | None:
    """Return a shell command as a code span, whole; None where it is too long or cannot be shown."""
    if visible(line) != line or columns(line) > MAX_COMMAND_COLUMNS or "`" in line or line != line.strip():
        return None
    return Markup(f"`{line}`")  # noqa: S704 - without a backtick nothing ends the span


def hidden(character: str) -> bool:
    """Return whether a character cannot be seen, moves what stands beside it, or is a command to a terminal."""
    if character.isascii():
        return not character.isprintable()
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or _invisible(character)


def _visible_character(character: str) -> str:
    if not hidden(character):
        return character
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _invisible(character: str) -> bool:
    """Return whether a character of a harmless category shows as nothing: odd spaces, fillers, variation selectors."""
    point = ord(character)
    selector = 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF
    return selector or point in _FILLERS or (unicodedata.category(character) == "Zs" and character != " ")


def _prefix(text: str, limit: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += columns(character)
        if taken > limit:
            return text[:index]
    return text
