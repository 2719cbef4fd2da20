"""`diagnose demo`: a scenario of the lab, measured like any service; a replay where measuring is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from diagnose.cli._common import (
    EXIT_CANNOT_MEASURE,
    EXIT_NO_FINDING,
    REPORT_FILES,
    cli,
    delivery_options,
    no_bpf_option,
    progress_option,
    say,
    tell_visible,
)
from diagnose.cli._completions import scenarios
from diagnose.cli._delivery import deliver
from diagnose.cli.latency import measure_and_report
from diagnose.errors import CannotMeasureError, UsageError

if TYPE_CHECKING:
    from diagnose.measure.polling import Bpf
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
    environment=[
        ("TMPDIR", "where the workloads keep up to 1.7 GiB, if root alone can write there; by default below /var/tmp")
    ],
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
    if list_them:
        tell_visible(listing())
        return EXIT_NO_FINDING
    wanted.check()
    return run(scenario, duration, wanted, "unused" if no_bpf else "needed", keep, progress)


def listing() -> str:
    """Return the scenarios, one a line: name, what it sets up, the verdict it is to get."""
    from diagnose.lab import SCENARIOS

    width = max(map(len, SCENARIOS))
    return "\n".join(f"{name:<{width}}  {s.sets_up} Expected: {s.expected}." for name, s in SCENARIOS.items())


def run(
    scenario: str, duration: float, wanted: Delivery, bpf: Bpf = "needed", keep: bool = False, progress: str = "auto"
) -> int:
    """Run a scenario and return the exit code of its report (3 for a replay).

    `keep`: the workloads go on after the report until a signal comes, so that its change can be tried on them. `bpf`:
    a demo shows what the tool can do, so that it replays where BPF is refused, unless it is to do without.
    """
    from diagnose.lab import SCENARIOS

    if scenario not in SCENARIOS:
        raise UsageError(f"no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}")
    try:
        return _live(scenario, duration, wanted, bpf, keep, progress)
    except CannotMeasureError as error:
        return _replay(scenario, str(error), wanted)


def _live(scenario: str, duration: float, wanted: Delivery, bpf: Bpf, keep: bool, progress: str) -> int:
    from diagnose.cgroups import Hierarchy
    from diagnose.cgroups.service import resolve
    from diagnose.lab import running
    from diagnose.measure.privileges import require_privileges
    from diagnose.measure.schedule import plan
    from diagnose.rules import load_rules

    measured_by, rules = plan(duration, 1.0), load_rules()
    require_privileges()
    if bpf == "needed":
        _require_bpf()
    hierarchy = Hierarchy.discover()
    with running(scenario, duration, say) as lab:
        service = resolve(lab.service, hierarchy)
        say(f"measuring {lab.service} for {duration:g} s; Ctrl-C ends it early and reports")
        code = measure_and_report(service, hierarchy, measured_by, lambda: rules, wanted, bpf, progress)
        if keep:
            _keep()
        return code


def _require_bpf() -> None:
    """Raise CannotMeasureError where BPF will be refused, before a scenario is set up for nothing."""
    from diagnose import doctor

    stopping = doctor.blocking(doctor.checks())
    if stopping:
        raise CannotMeasureError("; ".join(f"{check.name}: {check.detail}" for check in stopping))


def _keep() -> None:
    from diagnose.measure.stopping import stoppable

    say("the workloads go on until Ctrl-C: diagnose apply, verify and rollback can be tried on them now")
    with stoppable() as wait:
        while not wait(3600.0):
            continue


def _replay(scenario: str, why: str, wanted: Delivery) -> int:
    from diagnose import pipeline
    from diagnose.capture import file as captures
    from diagnose.lab import RECORDED
    from diagnose.rules import load_rules

    recorded = RECORDED / f"{scenario}.capture.json.gz"
    if not recorded.is_file():
        raise CannotMeasureError(why)
    say(f"cannot measure here: {why}")
    say(f"REPLAY: what follows is not this host; it is a capture of the scenario {scenario!r}, recorded live elsewhere")
    capture, packed = captures.load(recorded, wanted.redacting)
    deliver(pipeline.analyse(capture, load_rules(), packed), capture, packed, wanted)
    return EXIT_CANNOT_MEASURE
