"""`diagnose demo`: a real service and a real neighbour, diagnosed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from diagnose.cli._common import EXIT_NO_FINDING, cli, delivery_options, say
from diagnose.cli.measure import deliver, measure_and_report

if TYPE_CHECKING:
    from diagnose.delivery import Delivery


@cli.command()
@click.option("--scenario", default="noisy-neighbour", show_default=True, metavar="NAME", help="Which one; see --list.")
@click.option("--duration", default=30.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--keep", is_flag=True, help="Leave the workloads running after the report, until Ctrl-C, to try apply.")
@click.option("--list", "list_them", is_flag=True, help="Explain the scenarios and stop.")
@delivery_options
def demo(scenario: str, duration: float, keep: bool, list_them: bool, wanted: Delivery) -> int:
    """Set up a real service and a real neighbour in cgroups of their own, diagnose them, and remove everything."""
    from diagnose import demonstration

    if list_them:
        click.echo(demonstration.listing())
        return EXIT_NO_FINDING
    wanted.check()
    return demonstration.run(scenario, duration, wanted, measure_and_report, deliver, say, keep)
