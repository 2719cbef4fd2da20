"""Man pages: every command and option is in one, and man's own tools have nothing to say against them."""

from __future__ import annotations

import shutil
import subprocess

import click
import pytest

from diagnose.cli import cli
from diagnose.cli._manual import Manual, tree
from diagnose.cli.manpages import pages

assert isinstance(cli, Manual)
COMMANDS = tree(cli)
PAGES = pages(cli)


def test_there_is_a_page_for_each_command() -> None:
    assert set(PAGES) == {"diagnose.1", *(f"diagnose-{name}.1" for name in cli.list_commands(click.Context(cli)))}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_example_and_exit_code_is_in_the_page(words: tuple[str, ...]) -> None:
    page = PAGES["-".join(words[:2]) + ".1"].replace("\\-", "-")
    command = COMMANDS[words]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert f"\\fB{parameter.opts[0]}" in page
    if len(words) <= 2:
        for _, line in command.examples:
            assert line in page
        for code, meaning in command.exits.items():
            assert f"\\fB{code}\\fR\n{meaning.replace(chr(39), chr(92) + '(aq')}" in page


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed (.ci/test-packages installs it)")
@pytest.mark.parametrize("name", PAGES)
def test_mandoc_finds_nothing(name: str) -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning"], input=PAGES[name], capture_output=True, text=True, check=False
    )
    # A date would change the page with every build; roff allows an empty one.
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed (.ci/test-packages installs it)")
def test_a_reader_sees_the_text_as_it_was_written() -> None:
    command = Manual("x", help="X.\n\n.starts with a dot, 'quotes' \\n back\\slash, ~^` and µ, -5.", exits={0: "-"})
    done = subprocess.run(
        ["mandoc", "-T", "utf8", "-O", "width=120"], input=pages(command)["x.1"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert ".starts with a dot, 'quotes' \\n back\\slash, ~^` and µ, -5." in done.stdout
