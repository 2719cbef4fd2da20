"""What is wrong with a file that is no YAML, in our words: a parser's own are others in another version (pure)."""

from __future__ import annotations

import re

import yaml

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
"""What YAML takes for no text (1.2.2, 5.1)."""
_RESERVED = "@`%>|*&!"
"""What may not begin a plain value, everywhere or between brackets (YAML 1.2.2, 5.3)."""
_ENDS = {"[": "]", "{": "}"}


def yaml_fault(text: str, error: yaml.YAMLError, max_depth: int, too_deep: str) -> tuple[int, str]:
    """Return the line (from 1) of a fault and what to do; `too_deep` where brackets nest deeper than `max_depth`."""
    if control := _CONTROL.search(text):
        code = f"U+{ord(control[0]):04X}"
        return _line(text, control.start()), f"not valid YAML: the control character {code}; remove it"
    begun = getattr(error, "context_mark", None)
    stopped = getattr(error, "problem_mark", None) or begun
    if stopped is None:
        return 1, "not valid YAML; check its quotes, brackets and indentation"
    opened = _open_brackets(text[: stopped.index])
    # libyaml reads up to 1024 characters ahead, and has a limit of its own there, before ours is asked.
    if len(opened) > max_depth:
        return stopped.line + 1, too_deep
    if line := _tab(text, stopped.line):
        return line, "not valid YAML: a tab; indent with spaces"
    line, what = _cause(text, stopped.index, begun.index if begun else stopped.index, opened)
    return line, f"not valid YAML: {what}"


def _line(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1


def _open_brackets(text: str) -> list[int]:
    """Return where brackets begin that do not end in this text, outermost first; those within quotes count too."""
    opened: list[int] = []
    for match in re.finditer(r"[][{}]", text):
        if match[0] in _ENDS:
            opened.append(match.start())
        elif opened:
            opened.pop()
    return opened


def _tab(text: str, line: int) -> int | None:
    """Return the number of the line, or of the one before, that has a tab before its text; None if neither has."""
    lines = text.split("\n")
    for number in (line, line - 1):
        here = lines[number] if 0 <= number < len(lines) else ""
        if "\t" in here[: len(here) - len(here.lstrip())]:
            return number + 1
    return None


def _cause(text: str, stopped: int, begun: int, opened: list[int]) -> tuple[int, str]:
    """Return the line of the likely fault and what to do, from where the parser stopped and what it had begun."""
    line, here, first = _line(text, stopped), text[stopped : stopped + 1], text[begun : begun + 1]
    if first == '"' and "\\" in text[stopped - 1 : stopped + 1]:
        return line, r'within " a backslash is written \\; write the text within single quotes'
    if first in ("'", '"') and begun < stopped:
        return _line(text, begun), f"the quote {first} that begins here does not end; close it, or remove it"
    ended = text[text.rfind("\n", 0, stopped) + 1 : stopped].rstrip()[-1:]
    if not opened and ended in ("]", "}") and here not in ("]", "}", "\n", ""):
        return line, f"text after {ended}; a text that begins with a bracket is put in quotes"
    if here and here in _RESERVED:
        return line, f"a value cannot begin with {here}; put it in quotes"
    if opened:
        bracket = text[opened[-1]]
        end = f"is not closed with {_ENDS[bracket]}, or a comma is missing in it"
        return _line(text, opened[-1]), f"the {bracket} that begins here {end}"
    if here in ("]", "}"):
        return line, f"the {here} ends nothing; remove it"
    if here == ":" and ": " in text[text.rfind("\n", 0, stopped) + 1 : stopped]:
        return line, "a second `: ` on one line; put the text that holds it in quotes"
    return line, "the line does not fit those above; check its indentation, and that each key ends in a colon"
