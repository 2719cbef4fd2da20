"""Names in a report must not call people, close the ticket or link to others (pure).

Whoever can name a cgroup could otherwise have "@team" notified, or on GitLab "/close" carried out, by the token of the
person who posts. Code spans and blocks are read by no ticket system; what stands elsewhere is put into a code span.
"""

from __future__ import annotations

import re

from diagnose.attach.splitting import MARKDOWN, with_blocks

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_CALL = re.compile(r"(?:@[\w.-]+(?:/[\w.-]+)*|(?<!&)#\d+|[!&]\d+|\bGH-\d+|~\"[^\"]*\")", re.IGNORECASE)
_COMMAND = re.compile(r"(\s*)/(?=[a-z_])", re.IGNORECASE)
"""GitLab carries out a line that begins with the name of a quick action."""


def harmless(markdown: str) -> str:
    """Return Markdown that notifies nobody, carries out nothing and refers to no other ticket."""
    lines = with_blocks(markdown, MARKDOWN)
    return "".join(line if opening or MARKDOWN.fence.match(line) else _line(line) for line, opening in lines)


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
