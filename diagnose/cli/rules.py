"""`diagnose rules`: list, explain, check and test rules."""

from __future__ import annotations

from pathlib import Path

import click

from diagnose.cli._common import EXIT_NO_FINDING, EXIT_USAGE, cli, rules_option


@cli.group()
def rules() -> None:
    """List, explain, check and test rules."""


@rules.command("list")
@rules_option
def rules_list(rule_folders: tuple[Path, ...]) -> int:
    """List the rules in force, one a line: id, title."""
    from diagnose.rules import list_rules, load_rules

    listed = list_rules(load_rules(rule_folders))
    width = max((len(rule_id) for rule_id, _ in listed), default=0)
    for rule_id, title in listed:
        click.echo(f"{rule_id:<{width}}  {title}")
    return EXIT_NO_FINDING


@rules.command("show")
@click.argument("rule_id", metavar="ID")
@rules_option
def rules_show(rule_id: str, rule_folders: tuple[Path, ...]) -> int:
    """Explain a rule: what it looks for, its thresholds, the facts it needs and the probes behind them."""
    from diagnose.rules import explain, load_rules

    rules = load_rules(rule_folders)
    click.echo(explain(rules.get(rule_id)))
    for loaded in rules.instead:
        if loaded.id == rule_id:
            click.echo("Where BPF is refused, this rule takes its place:\n")
            click.echo(explain(loaded))
    return EXIT_NO_FINDING


@rules.command("lint")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def rules_lint(folder: Path | None) -> int:
    """Check the rules of a folder (default: the shipped ones); exit 2 if there is anything to mend."""
    from diagnose import resources
    from diagnose.rules import lint

    where = folder or resources.folder("rules")
    messages = lint(where)
    for message in messages:
        click.echo(message)
    if not messages:
        click.echo(f"{where}: nothing to mend")
    return EXIT_USAGE if messages else EXIT_NO_FINDING


@rules.command("test")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def rules_test(folder: Path | None) -> int:
    """Run the tests embedded in the rules of a folder (default: the shipped ones); exit 2 if one fails."""
    from diagnose import resources
    from diagnose.rules import run_tests

    outcomes = run_tests(folder or resources.folder("rules"))
    failed = [o for o in outcomes if not o.passed]
    for outcome in outcomes:
        click.echo(outcome.message)
    click.echo(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return EXIT_USAGE if failed else EXIT_NO_FINDING
