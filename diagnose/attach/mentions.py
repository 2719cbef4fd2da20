"""Names in a report must not call people, close the ticket or link to others (pure).

Whoever can name a cgroup could otherwise have "@team" notified, or on GitLab "/close" carried out, by the token of the
person who posts. Code spans and blocks are read by no ticket system. What stands elsewhere is put into a code span, and
a CommonMark parser then judges the text that will be posted: where its words still call somebody (a stray backtick in a
name moves the edges of code spans), the whole block becomes a code block, which no name can leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from diagnose.attach.splitting import MARKDOWN, lines, with_blocks

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_CALL = re.compile(
    r"(?:@[\w.-]+(?:/[\w.-]+)*|(?<!&)#\d+|[!&]\d+|\bGH-\d+|~\"[^\"]*\"|https?://\S*/(?:issues|pull|merge_requests)/\d+)",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"(\s*)/(?=[a-z_])", re.IGNORECASE)
"""GitLab carries out a line that begins with the name of a quick action."""
_TRIES = 5


def harmless(markdown: str) -> str:
    """Return Markdown that notifies nobody, carries out nothing and refers to no other ticket."""
    # A carriage return ends a line for a Markdown parser as well.
    text = markdown.replace("\r\n", "\n").replace("\r", "\n")
    if not any(calling_blocks(text)):
        return text
    found = with_blocks(text, MARKDOWN)
    text = "".join(line if opening or MARKDOWN.fence.match(line) else _line(line) for line, opening in found)
    for _ in range(_TRIES):
        blocks = list(calling_blocks(text))
        if not blocks:
            return text
        text = _as_code(text, blocks)
    return _fenced(text)  # what no number of tries makes harmless: nothing of it is read as Markdown


def calling_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the outermost blocks in which a ticket system would read a call, as ranges of lines.

    In words as a CommonMark parser sees them, not in code; a quick action of GitLab in any line outside of code.
    """
    tokens = _parser().parse(text)
    yield from ((number, number + 1) for number, line in _source_lines(text, tokens) if _COMMAND.match(line))
    start = end = 0
    for token in tokens:
        if token.level == 0 and token.map is not None:
            start, end = token.map
        if _calls_of(token):
            yield start, end


def _calls_of(token: Token) -> list[str]:
    """Return the calls in a token's words; markup between two words ends a call, as it does on the page."""
    if token.type == "html_block":
        return _CALL.findall(token.content)
    words = [t.content for t in token.children or () if t.type in ("text", "html_inline")]
    words += [str(t.attrs.get("alt") or t.content) for t in token.children or () if t.type == "image"]
    return [call for word in words for call in _CALL.findall(word)]


def _source_lines(text: str, tokens: list[Token]) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines outside code blocks: GitLab looks for quick actions in the source, not on the page."""
    code = {n for t in tokens if t.type in ("fence", "code_block") and t.map is not None for n in range(*t.map)}
    yield from ((number, line) for number, line in enumerate(lines(text)) if number not in code)


def _as_code(text: str, blocks: list[tuple[int, int]]) -> str:
    parts = lines(text)
    for start, end in sorted(set(blocks), reverse=True):
        parts[start:end] = [_fenced("".join(parts[start:end])) + "\n"]
    return "".join(parts)


def _fenced(text: str) -> str:
    """Return a text in a code block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}\n"


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _line(line: str) -> str:
    if command := _COMMAND.match(line):
        line = f"{command[1]}&#47;{line[command.end() :]}"
    parts, position = [], 0
    for span in _CODE_SPAN.finditer(line):
        parts += [_prose(line[position : span.start()]), span[0]]
        position = span.end()
    return "".join([*parts, _prose(line[position:])])


def _prose(text: str) -> str:
    return _CALL.sub(lambda match: f"`{match[0]}`", text)
