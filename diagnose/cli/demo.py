"""`diagnose demo`: a real service and a real neighbour, diagnosed."""

from __future__ import annotations

from pathlib import Path

import click

from diagnose.cli._common import EXIT_NO_FINDING, cli, no_bpf_option, output_option, say
from diagnose.cli.measure import deliver, measure_and_report


@cli.command()
@click.option("--scenario", default="noisy-neighbour", show_default=True, metavar="NAME", help="Which one; see --list.")
@click.option("--duration", default=30.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--keep", is_flag=True, help="Leave the workloads running after the report, until Ctrl-C, to try apply.")
@click.option("--list", "list_them", is_flag=True, help="Explain the scenarios and stop.")
@no_bpf_option
@output_option
def demo(scenario: str, duration: float, keep: bool, list_them: bool, no_bpf: bool, output: str | None) -> int:
    """Set up a real service and a real neighbour in cgroups of their own, diagnose them, and remove everything."""
    from diagnose import demonstration

    if list_them:
        click.echo(demonstration.listing())
        return EXIT_NO_FINDING
    if output not in (None, "-"):
        from diagnose.output import check

        check(Path(str(output)))
    bpf = demonstration.WITHOUT_BPF if no_bpf else demonstration.WITH_BPF
    return demonstration.run(scenario, duration, output, measure_and_report, deliver, say, keep, bpf)
