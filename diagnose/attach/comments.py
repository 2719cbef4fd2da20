"""What a comment looks like: the first screen to be seen, the rest folded, a mark that tells it from others (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from diagnose.attach.mentions import harmless
from diagnose.attach.splitting import JIRA, MARKDOWN, split, with_blocks

GITHUB_LIMIT = 65_536
"""Characters; GitHub answers "body is too long (maximum is 65536 characters)" (422)."""
GITLAB_LIMIT = 1_000_000
"""Characters of a note (GitLab docs, "Issues: size of comments and descriptions")."""
JIRA_LIMIT = 32_767
"""Characters: jira.text.field.character.limit, unless an administrator sets another."""
_ROOM = 600
"""Left for the mark, the line that says which part it is, and what folds."""

_MARK = re.compile(r"diagnose capture sha256:([0-9a-f]{64}) part ([0-9]{1,4})/([0-9]{1,4})")
_PICTURE = re.compile(r"(?P<link>\[)?!\[(?P<alt>(?:[^\]\\]|\\.)*)\]\((?P<source>[^()\s]+)\)(?(link)\]\([^()\s]+\))")
"""A picture, also one that links to a larger one."""
_JIRA_PICTURE = re.compile(r"!(?P<source>[\w.-]+\.(?:png|svg))(?:\|[^!\n]*)?!")

Part = tuple[int, int]
"""(number, of how many), from 1."""


def mark(identity: str, part: Part) -> str:
    """Return the words by which a comment is found again."""
    return f"diagnose capture sha256:{identity} part {part[0]}/{part[1]}"


def parts_in(texts: Mapping[str, str], identity: str) -> dict[Part, str]:
    """Return which parts of this capture's report are among comments; `texts` are comments by their address."""
    found: dict[Part, str] = {}
    for address, text in texts.items():
        for identity_found, number, total in _MARK.findall(text):
            if identity_found == identity:
                found.setdefault((int(number), int(total)), address)
    return found


def markdown_comments(markdown: str, identity: str, limit: int) -> list[str]:
    """Return the comments: one if it fits; the first begins with the report's first screen, the rest is folded."""
    texts = split(harmless(markdown), limit - _ROOM, MARKDOWN)
    total = len(texts)
    comments = []
    for number, text in enumerate(texts, 1):
        head, rest = _first_screen(text) if number == 1 else (f"Part {number} of {total} of the report.\n", text)
        title = "The rest of the report" if total == 1 else f"Part {number} of {total}"
        folded = _folded(title, harmless(rest).strip()) if rest.strip() else ""
        comments.append(f"{harmless(head).rstrip()}\n{folded}\n<!-- {mark(identity, (number, total))} -->\n")
    return comments


def _folded(title: str, text: str) -> str:
    return f"\n<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>\n"


def jira_comments(text: str, identity: str, limit: int) -> list[str]:
    """Return the comments in Jira's markup, which has no way to hide a mark: it is the last line of each."""
    texts = split(text, limit - _ROOM, JIRA)
    total = len(texts)
    return [
        (f"_Part {number} of {total} of the report._\n\n" if number > 1 else "")
        + f"{part.rstrip()}\n\n{mark(identity, (number, total))}\n"
        for number, part in enumerate(texts, 1)
    ]


def preformatted_for_jira(markdown: str) -> str:
    """Return Markdown as Jira shows it unchanged; what would end the block early is broken up."""
    harmless = re.sub(r"\{(?=noformat)", "{ ", markdown, flags=re.IGNORECASE)
    return f"{{noformat}}\n{harmless.rstrip()}\n{{noformat}}\n"


def pictures_of(markdown: str) -> list[str]:
    """Return the files of the pictures that a report shows."""
    return list(dict.fromkeys(match["source"] for match in _PICTURE.finditer(markdown)))


def with_pictures(markdown: str, addresses: Mapping[str, str]) -> str:
    """Return Markdown whose pictures are found at other addresses; one that has none becomes its text."""

    def put(match: re.Match[str]) -> str:
        address = addresses.get(match["source"])
        if address is not None:
            return f"![{match['alt']}]({address})"
        if re.match("https?://", match["source"]):
            return match[0]
        return f"*Picture: {match['alt']}* (`{match['source']}` beside the report)"

    return _PICTURE.sub(put, markdown)


def with_jira_pictures(text: str, names: Mapping[str, str]) -> str:
    """Return Jira's markup with the attachments' names; a picture that was not attached becomes its name."""

    def put(match: re.Match[str]) -> str:
        name = names.get(match["source"])
        return f"!{name}|width=900!" if name is not None else f"(picture {match['source']}, beside the report)"

    return _JIRA_PICTURE.sub(put, text)


def _first_screen(markdown: str) -> tuple[str, str]:
    """Split behind what a decision needs: at the report's rule, or else before its second section."""
    lines = [(line, opening is None) for line, opening in with_blocks(markdown, MARKDOWN)]
    rules = [index for index, (line, outside) in enumerate(lines) if outside and line.rstrip() == "---"]
    sections = [index for index, (line, outside) in enumerate(lines) if outside and line.startswith("## ")]
    end = rules[0] if rules else sections[1] if len(sections) > 1 else len(lines)
    rest = end + 1 if rules else end
    return "".join(line for line, _ in lines[:end]), "".join(line for line, _ in lines[rest:])
