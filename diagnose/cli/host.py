"""`diagnose doctor` and `diagnose services`: what can be measured here, and what may be named."""

from __future__ import annotations

import click

from diagnose.cli._common import EXIT_NO_FINDING, cli, say


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def doctor(as_json: bool) -> int:
    """Say what can be measured on this host, what cannot, and the command that adds it."""
    from diagnose import doctor as doctors

    checks = doctors.checks()
    click.echo(doctors.as_json(checks) if as_json else doctors.as_text(checks))
    return doctors.exit_code(checks)


@cli.command()
@click.argument("text", required=False, default="")
def services(text: str) -> int:
    """List what --service may name here, with memory and page cache; TEXT narrows it down."""
    from diagnose import units
    from diagnose.cgroups import Hierarchy
    from diagnose.escape import visible
    from diagnose.service import list_services

    listed = list_services(Hierarchy.discover(), text)
    if not listed:
        say("nothing here looks like that; without TEXT all are listed" if text else "there is no cgroup below /")
    rows = [("NAME", "CGROUP", "MEMORY", "CACHE", "PROCESSES")]
    rows += [
        (visible(s.name), visible(s.cgroup), units.size(s.usage_bytes), units.size(s.file_bytes), str(s.processes))
        for s in listed
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        click.echo("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]]).rstrip())
    return EXIT_NO_FINDING
