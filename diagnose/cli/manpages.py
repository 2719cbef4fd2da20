"""The commands as man pages: one for `diagnose`, one for each command; commands below another are in its page."""

from __future__ import annotations

import inspect
import re

import click

from diagnose import __version__
from diagnose.cli._manual import Manual, Pairs, tree


def pages(root: Manual) -> dict[str, str]:
    """Return the roff source of each page by its file name: diagnose.1, diagnose-latency.1, …"""
    commands = tree(root)
    top = {words: command for words, command in commands.items() if len(words) <= 2}
    return {f"{'-'.join(words)}.1": _page(words, command, commands) for words, command in top.items()}


def _page(words: tuple[str, ...], command: Manual, commands: dict[tuple[str, ...], Manual]) -> str:
    name = "-".join(words)
    # No date: the same source gives the same page.
    head = f'.TH {_quoted(name.upper())} 1 "" {_quoted(f"diagnose {__version__}")} "User Commands"'
    below = {w: c for w, c in commands.items() if len(words) > 1 and w[: len(words)] == words and w != words}
    parts = [
        head,
        *_heading("Name", [f"{_text(name)} \\- {_text(_first_sentence(command))}"]),
        *_heading("Synopsis", _synopsis(words, command) if not below else _each_synopsis(below)),
        *_heading("Description", _paragraphs(command.paragraphs()[1:] or command.paragraphs())),
        *_heading("Options", _pairs(_options(words, command))),
        *_commands(words, commands),
    ]
    for its_words, its_command in below.items():
        parts += _sub_command(its_words, its_command)
    for title, pairs in command.sections().items():
        parts += _heading(title, _pairs(pairs))
    parts += _heading("Examples", _examples(command))
    parts += _heading("See also", [_see_also(words, commands)])
    return "\n".join(parts) + "\n"


def _sub_command(words: tuple[str, ...], command: Manual) -> list[str]:
    """Return a command below another as a section of its page."""
    lines = [f".SS {_quoted(' '.join(words))}", *_paragraphs(command.paragraphs())]
    lines += _pairs(_options(words, command))
    if command.exits:
        codes = "; ".join(f"{code} {meaning}" for code, meaning in command.exits.items())
        lines += [".PP", f"Exit status: {_text(codes)}."]
    return lines


def _heading(title: str, lines: list[str]) -> list[str]:
    return [f".SH {_quoted(title.upper())}", *lines] if lines else []


def _synopsis(words: tuple[str, ...], command: Manual) -> list[str]:
    context = _context(words, command)
    return [f"\\fB{_text(' '.join(words))}\\fR {_text(' '.join(command.collect_usage_pieces(context)))}"]


def _each_synopsis(below: dict[tuple[str, ...], Manual]) -> list[str]:
    lines: list[str] = []
    for words, command in below.items():
        lines += [*([".br"] if lines else []), *_synopsis(words, command)]
    return lines


def _paragraphs(paragraphs: list[str]) -> list[str]:
    lines: list[str] = []
    for paragraph in paragraphs:
        lines += [*([".PP"] if lines else []), _text(paragraph)]
    return lines


def _options(words: tuple[str, ...], command: Manual) -> Pairs:
    context = _context(words, command)
    records = [p.get_help_record(context) for p in command.get_params(context)]
    return [r for r in records if r is not None and r[1]]  # arguments explain themselves in the description


def _commands(words: tuple[str, ...], commands: dict[tuple[str, ...], Manual]) -> list[str]:
    if len(words) > 1:
        return []
    rows = [(f"{'-'.join(w)}(1)", _first_sentence(c)) for w, c in sorted(commands.items()) if len(w) == 2]
    return _heading("Commands", _pairs(rows))


def _pairs(pairs: Pairs) -> list[str]:
    lines: list[str] = []
    for term, explanation in pairs:
        lines += [".TP", f"\\fB{_text(term)}\\fR", _text(" ".join(explanation.split()))]
    return lines


def _examples(command: Manual) -> list[str]:
    lines: list[str] = []
    for why, line in command.examples:
        lines += [*([".PP"] if lines else []), f"{_text(why)}:", ".PP", ".RS 4", ".nf", _text(line), ".fi", ".RE"]
    return lines


def _see_also(words: tuple[str, ...], commands: dict[tuple[str, ...], Manual]) -> str:
    others = [w for w in sorted(commands) if len(w) <= 2 and w != words]
    return ",\n".join(f"\\fB{_text('-'.join(w))}\\fR(1)" for w in others)


def _first_sentence(command: Manual) -> str:
    return inspect.cleandoc(command.help or "").split("\n")[0].rstrip(".")


def _context(words: tuple[str, ...], command: Manual) -> click.Context:
    return click.Context(command, info_name=" ".join(words), help_option_names=["-h", "--help"])


def _text(text: str) -> str:
    """Return plain text as roff: backslash, minus and quotes as they are, no line taken for a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    escaped = escaped.replace("^", "\\(ha").replace("~", "\\(ti")
    escaped = re.sub(r"[^\x00-\x7f]", lambda m: f"\\[u{ord(m[0]):04X}]", escaped)
    return "\\&" + escaped if escaped.startswith(".") else escaped


def _quoted(text: str) -> str:
    return '"' + _text(text).replace('"', "\\(dq") + '"'
