"""Commands that carry their whole manual: what `--help` prints, and man pages and completions are made of.

`@cli.command(exits=…, examples=…, files=…)` takes, besides what click takes, what a good man page has. A test demands
them of every command; whatever is added to the tree is in the help, the man pages and the completions by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import click

Pairs = Sequence[tuple[str, str]]
"""What is explained, and the explanation."""


NARROW_COLUMNS = 70
"""Below, an explanation goes under what it explains, as in a man page, and not into a column beside it."""


class _Formatter(click.HelpFormatter):
    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 24, col_spacing: int = 2) -> None:
        """Write terms and explanations."""
        if self.width >= NARROW_COLUMNS:
            super().write_dl(rows, col_max, col_spacing)
            return
        for term, explanation in rows:
            self.write(f"{'':{self.current_indent}}{term}\n")
            with self.indentation(), self.indentation():
                self.write_text(explanation)


class _Context(click.Context):
    formatter_class = _Formatter


class Manual(click.Command):
    """A command, with the sections of its manual in the order in which they are printed."""

    context_class = _Context

    def __init__(
        self,
        *args: Any,
        exits: Mapping[int, str] | None = None,
        examples: Pairs = (),
        files: Pairs = (),
        environment: Pairs = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.exits = dict(exits or {})
        self.examples = tuple(examples)
        """What it is for, and the command line."""
        self.files = tuple(files)
        self.environment = tuple(environment)

    def sections(self) -> dict[str, Pairs]:
        """Return what follows the options, by title; empty sections are left out."""
        everything: dict[str, Pairs] = {
            "Exit status": [(str(code), meaning) for code, meaning in self.exits.items()],
            "Files": self.files,
            "Environment": self.environment,
        }
        return {title: pairs for title, pairs in everything.items() if pairs}

    def paragraphs(self) -> list[str]:
        """Return the description, a line a paragraph."""
        return [" ".join(block.split()) for block in inspect.cleandoc(self.help or "").split("\n\n")]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections after the options."""
        for title, pairs in self.sections().items():
            with formatter.section(title):
                formatter.write_dl(list(pairs))
        if self.examples:
            with formatter.section("Examples"):
                for index, (why, line) in enumerate(self.examples):
                    if index:
                        formatter.write_paragraph()
                    formatter.write_text(f"{why}:")
                    # as it is to be typed: never wrapped
                    formatter.write(f"{'':{formatter.current_indent + 2}}{line}\n")
        super().format_epilog(ctx, formatter)


class ManualGroup(Manual, click.Group):
    """A command with commands below it, which carry their manuals too."""

    command_class: ClassVar[type[click.Command]] = Manual  # type: ignore[misc]
    group_class: ClassVar[type] = type  # type: ignore[misc]


def tree(command: click.Command, *words: str) -> dict[tuple[str, ...], Manual]:
    """Return every command below and including `command`, by the words that call it: ("diagnose", "rules", "list")."""
    path = (*words, command.name or "")
    if not isinstance(command, Manual):
        raise TypeError(f"{' '.join(path)} is not a Manual: make it with @cli.command() or @group.command()")
    found = {path: command}
    if isinstance(command, click.Group):
        for name in command.commands:
            found |= tree(command.commands[name], *path)
    return found
