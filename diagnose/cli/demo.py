"""`diagnose demo`: a real service and a real neighbour, diagnosed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from diagnose.cli._common import (
    EXIT_NO_FINDING,
    REPORT_FILES,
    cli,
    delivery_options,
    no_bpf_option,
    progress_option,
    say,
)
from diagnose.cli._names import scenarios
from diagnose.cli.measure import deliver, measure_and_report

if TYPE_CHECKING:
    from diagnose.report.formats.delivery import Delivery


@cli.command(
    exits={
        0: "measured, no finding (what --scenario healthy is to give)",
        1: "findings (what most scenarios are to give)",
        2: "bad usage, unknown scenario",
        3: "could not measure; what was shown is a replay of a recorded capture",
    },
    examples=[
        ("A batch job that streams data through a service's page cache", "sudo diagnose demo"),
        ("The counter-check: the same service without it", "sudo diagnose demo --scenario healthy"),
        ("Something to try apply, verify and rollback on", "sudo diagnose demo --keep --output before"),
    ],
    files=REPORT_FILES,
    environment=[("TMPDIR", "where the workloads keep their files, up to 1.7 GiB; by default below /var/tmp")],
)
@click.option(
    "--scenario",
    default="noisy-neighbour",
    show_default=True,
    metavar="NAME",
    shell_complete=scenarios,
    help="Which one; see --list.",
)
@click.option("--duration", default=30.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--keep", is_flag=True, help="Leave the workloads running after the report, until Ctrl-C, to try apply.")
@click.option("--list", "list_them", is_flag=True, help="Explain the scenarios and stop.")
@no_bpf_option
@delivery_options
@progress_option
def demo(
    scenario: str, duration: float, keep: bool, list_them: bool, no_bpf: bool, wanted: Delivery, progress: str
) -> int:
    """Set up a real service and neighbour, and diagnose them.

    They run in cgroups of their own below /diagnose-demo-PID with a limit of 304 MiB at most, are measured like any
    service, and are removed afterwards with all their files, also after Ctrl-C. Needs root; where measuring is
    refused, a capture recorded elsewhere is shown instead and labelled so, unless --no-bpf asks for what files tell.
    """
    from diagnose.cli import demonstration

    if list_them:
        click.echo(demonstration.listing())
        return EXIT_NO_FINDING
    wanted.check()
    measure = partial(measure_and_report, progress=progress)
    bpf = demonstration.WITHOUT_BPF if no_bpf else demonstration.WITH_BPF
    return demonstration.run(scenario, duration, wanted, measure, deliver, say, keep, bpf)
