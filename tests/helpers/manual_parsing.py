"""Command lines that are shown somewhere, parsed by click and not run."""

from __future__ import annotations

import shlex

import click

from diagnose.cli import cli
from diagnose.cli._manual import Manual


def parsed(line: str) -> Manual:
    """Return the command that a line calls; raises click.UsageError where `diagnose` would refuse it."""
    words = shlex.split(line.removeprefix("sudo "))
    assert words[0] == "diagnose", line
    return _parsed(cli, words[1:])


def _parsed(command: click.Command, words: list[str], parent: click.Context | None = None) -> Manual:
    assert isinstance(command, Manual)
    if words == ["--help"]:
        return command
    if not isinstance(command, click.Group):
        command.make_context(command.name, list(words), parent=parent)
        return command
    name, below, rest = command.resolve_command(click.Context(command, parent, **command.context_settings), list(words))
    assert below is not None, name
    return _parsed(below, rest, click.Context(command, parent, **command.context_settings))
