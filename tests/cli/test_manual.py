"""Every command carries a whole manual, and printing it loads nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest

from diagnose.cli import cli
from diagnose.cli._manual import NARROW_COLUMNS, Manual, ManualGroup, tree
from tests.helpers.manual_parsing import parsed

assert isinstance(cli, Manual)
COMMANDS = tree(cli)
NAMES = [" ".join(words) for words in COMMANDS]
HEAVY = {"numpy", "pydantic", "bcc", "rich", "jinja2", "yaml", "cgroupspy"}


def help_of(words: tuple[str, ...], width: int = 80) -> str:
    command = COMMANDS[words]
    context = command.make_context(" ".join(words), [], resilient_parsing=True, terminal_width=width)
    return command.get_help(context)


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_every_command_has_every_part_of_a_manual(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    first = (command.help or "").split("\n")[0]
    assert first.endswith(".")
    assert len(first) <= 60, "the line in the list of commands would be cut"
    assert command.examples, "add examples=[(why, command line)] to its @…command()"
    assert {0, 2} <= set(command.exits), "add exits={code: meaning} to its @…command()"
    text = help_of(words)
    for title in ("Options:", "Exit status:", "Examples:"):
        assert f"\n{title}\n" in text


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_every_example_is_a_command_line_that_parses(words: tuple[str, ...]) -> None:
    for _, line in COMMANDS[words].examples:
        parsed(line)


@pytest.mark.parametrize(
    "line", ["latency --service x --nonsense", "latency", "nonsense", "rules nonsense", "report a b"]
)
def test_an_example_that_would_be_refused_is_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parsed(f"diagnose {line}")


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_help_fits_the_terminal(words: tuple[str, ...], width: int) -> None:
    examples = {line for _, line in COMMANDS[words].examples}
    for line in help_of(words, width).splitlines():
        one_word = len(line.split()) <= 1 or line.strip().startswith("--")
        assert len(line) <= width or one_word or line.strip() in examples, line


def test_on_a_narrow_terminal_explanations_go_under_what_they_explain() -> None:
    assert re.search(
        r"^  --window SECONDS\n      Length of", help_of(("diagnose", "latency"), NARROW_COLUMNS - 1), re.M
    )
    assert re.search(r"^  --window SECONDS +Length of", help_of(("diagnose", "latency"), NARROW_COLUMNS), re.M)


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_help_is_instant(words: tuple[str, ...]) -> None:
    code = "import sys; from diagnose.cli import main\ntry: main(sys.argv[1:])\nfinally: print(*sys.modules)"
    command = [sys.executable, "-c", code, *words[1:], "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("Usage: ")
    assert HEAVY.isdisjoint(done.stdout.splitlines()[-1].split())


def test_a_command_without_a_manual_is_refused() -> None:
    group = ManualGroup("top")
    group.add_command(click.Command("plain"))
    with pytest.raises(TypeError, match="top plain is not a Manual"):
        tree(group)


def test_sections_come_in_order_and_empty_ones_not_at_all() -> None:
    command = Manual("x", help="X.", exits={0: "done"}, environment=[("HOME", "where")], examples=[("Do", "x")])
    text = command.get_help(click.Context(command))
    assert re.findall(r"^(\w[\w ]*):$", text, re.M) == ["Options", "Exit status", "Environment", "Examples"]
