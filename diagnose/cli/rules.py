"""`diagnose rules`: list, explain, check and test rules."""

from __future__ import annotations

from pathlib import Path

import click

from diagnose.cli._common import EXIT_NO_FINDING, EXIT_USAGE, cli, rules_in_force, rules_option, tell_visible
from diagnose.cli._completions import folders, rule_ids

_EXITS = {0: "done", 2: "bad usage, unknown rule, bad rules"}
_EXITS_OF_LINT = {0: "no errors; remarks are none", 2: "errors, no rules, or bad usage"}
_EXITS_OF_TEST = {0: "all passed", 2: "some failed, bad rules, no rules, or bad usage"}

_folder_argument = click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path), shell_complete=folders
)


@cli.group(
    exits=_EXITS,
    examples=[
        ("Explain a rule with its thresholds", "diagnose rules show page-cache-noisy-neighbour"),
        ("Check a folder with rules of your own, and run their tests", "diagnose rules lint my-rules"),
        ("Report with them", "diagnose report capture.json.gz --rules my-rules"),
    ],
    files=[("*.yaml", "a rule each, named after its id; rules/README.md of the source explains how to write one")],
)
def rules() -> None:
    """List, explain, check and test rules.

    A rule says which explanation of slow reads it stands for, and which facts must hold, with their thresholds, for
    it to be found. The shipped rules can be replaced one by one, and rules of your own added, with --rules DIR. None
    of these commands needs root.
    """


@rules.command("list", exits=_EXITS, examples=[("What can be found here", "diagnose rules list")])
@rules_option
def rules_list(rule_folders: tuple[Path, ...]) -> int:
    """List the rules in force, one a line: id, title."""
    from diagnose.report.wording.rule_page import list_rules

    listed = list_rules(rules_in_force(rule_folders))
    width = max((len(rule_id) for rule_id, _ in listed), default=0)
    for rule_id, title in listed:
        tell_visible(f"{rule_id:<{width}}  {title}")
    return EXIT_NO_FINDING


@rules.command(
    "show", exits=_EXITS, examples=[("Explain one of them", "diagnose rules show page-cache-noisy-neighbour")]
)
@click.argument("rule_id", metavar="ID", shell_complete=rule_ids)
@rules_option
def rules_show(rule_id: str, rule_folders: tuple[Path, ...]) -> int:
    """Explain a rule: conditions, thresholds, facts, probes.

    Prints what the rule looks for, each threshold with its unit and default, the facts that it needs and the probes
    that measure them.
    """
    from diagnose.report.wording.rule_page import explain

    rules = rules_in_force(rule_folders)
    tell_visible(explain(rules.get(rule_id)))
    for loaded in rules.instead:
        if loaded.id == rule_id:
            tell_visible("Where BPF is refused, this rule takes its place:\n")
            tell_visible(explain(loaded))
    return EXIT_NO_FINDING


@rules.command(
    "lint", exits=_EXITS_OF_LINT, examples=[("Before rules of your own go live", "diagnose rules lint my-rules")]
)
@_folder_argument
def rules_lint(folder: Path | None) -> int:
    """Check the rules of a folder.

    Without DIR, the shipped ones. Prints a line for every error: file, line, key, what is wrong, what to write instead.
    A line that says "remark" is no error: the rule works, and could be better.
    """
    from diagnose import resources
    from diagnose.rules.lint import lint

    where = folder or resources.folder("rules")
    messages = lint(where)
    for message in messages:
        tell_visible(message.text)
    remarks = sum(message.remark for message in messages)
    errors = len(messages) - remarks
    tell_visible(f"{where}: {_counted(errors, 'error')}, {_counted(remarks, 'remark')}")
    return EXIT_USAGE if errors else EXIT_NO_FINDING


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


@rules.command(
    "test", exits=_EXITS_OF_TEST, examples=[("Run the tests of rules of your own", "diagnose rules test my-rules")]
)
@_folder_argument
def rules_test(folder: Path | None) -> int:
    """Run the tests embedded in the rules of a folder.

    Without DIR, those of the shipped rules. Each rule carries small made-up captures and what it is to say of them.
    """
    from diagnose import resources
    from diagnose.report.wording.rule_tests import message
    from diagnose.rules.evaluate.testing import run_tests

    outcomes = run_tests(folder or resources.folder("rules"))
    failed = [o for o in outcomes if not o.passed]
    for outcome in outcomes:
        tell_visible(message(outcome))
    tell_visible(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return EXIT_USAGE if failed else EXIT_NO_FINDING
