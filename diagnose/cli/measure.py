"""`diagnose latency` and `diagnose report`: measure, or take a capture, and deliver the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._common import EXIT_FINDING, EXIT_NO_FINDING, cli, delivery_options, rules_option, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.charts import Chart
    from diagnose.delivery import Delivery
    from diagnose.models import Capture, Report


@cli.command()
@click.option(
    "--service",
    required=True,
    metavar="NAME",
    help="systemd unit, container, namespace/pod, cgroup path, pid:123 or comm:nginx.",
)
@click.option("--duration", default=120.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--window", default=1.0, show_default=True, metavar="SECONDS", help="Length of one window, 0.1 to 60 s.")
@delivery_options
@rules_option
def latency(service: str, duration: float, window: float, wanted: Delivery, rule_folders: tuple[Path, ...]) -> int:
    """Measure a service on this host and report why its reads are slow. Needs root; changes nothing.

    Ctrl-C ends the measurement early and still reports on what there is.
    """
    from diagnose import rules
    from diagnose.battery import plan, require_privileges
    from diagnose.cgroups import Hierarchy
    from diagnose.service import resolve

    measured_by = plan(duration, window)
    loaded = rules.load_rules(rule_folders)
    wanted.check()
    require_privileges()
    hierarchy = Hierarchy.discover()
    resolved = resolve(service, hierarchy)
    say(f"measuring {resolved.cgroup} for {duration:g} s; Ctrl-C ends it early and reports")
    return measure_and_report(resolved, hierarchy, measured_by, loaded, wanted)


def measure_and_report(service: object, hierarchy: object, plan: object, rules: object, wanted: Delivery) -> int:
    from diagnose import capture as captures
    from diagnose import pipeline
    from diagnose.progress import ProgressLine
    from diagnose.stopping import stoppable

    line = ProgressLine()
    with stoppable() as wait:
        try:
            capture = pipeline.record(service, hierarchy, plan, wait, line)  # type: ignore[arg-type]
        finally:
            line.end()
    if capture.interrupted:
        say(f"stopped after {capture.windows} of {capture.requested_windows} windows")
    if wanted.redacting is not None:
        capture = wanted.redacting(capture)
    packed = captures.to_bytes(capture)
    report = pipeline.analyse(capture, rules, packed)  # type: ignore[arg-type]
    return deliver(report, capture, packed, wanted)


@cli.command()
@click.argument("capture_file", metavar="CAPTURE", type=click.Path(path_type=Path))
@delivery_options
@rules_option
def report(capture_file: Path, wanted: Delivery, rule_folders: tuple[Path, ...]) -> int:
    """Make the report of a capture again, offline: no root, no kernel, the same bytes as the live run gave."""
    from diagnose import capture as captures
    from diagnose import pipeline, rules

    wanted.check()
    loaded = rules.load_rules(rule_folders)
    capture, packed = captures.load(capture_file, wanted.redacting)
    return deliver(pipeline.analyse(capture, loaded, packed), capture, packed, wanted)


def deliver(report: Report, capture: Capture, packed: bytes, wanted: Delivery) -> int:
    """Print or write the report, say the verdict, and return the exit code."""
    from diagnose import output as outputs
    from diagnose.delivery import contents, printed
    from diagnose.formats import FORMATS

    if wanted.to_stdout:
        # bytes: the same ones whatever the encoding of the terminal
        click.echo(printed(report, wanted, _draw), nl=False)
    else:
        folder = outputs.folder_for(wanted.folder, capture)
        written = outputs.write(folder, contents(report, packed, wanted, _draw))
        if written.instead:
            say(f"warning: {written.instead}; it is in {written.folder} instead")
        click.echo(_summary(report, written.folder / FORMATS[wanted.formats[0]].file))
    return EXIT_FINDING if report.findings else EXIT_NO_FINDING


def _draw(report: Report) -> Sequence[Chart]:
    """Return the charts; a measurement is worth more than they are, so a failure to draw costs a warning."""
    from diagnose.charts import draw
    from diagnose.escape import visible

    try:
        return draw(report)
    except Exception as error:
        say(f"warning: no charts ({type(error).__name__}: {visible(str(error))}); the report has them as text")
        return ()


def _summary(report: Report, file: Path) -> str:
    """Return the verdict, what to change and where the report is, for the terminal."""
    from diagnose.escape import visible

    verdict = report.verdict
    name = f"{verdict.rule}, {verdict.confidence} confidence" if verdict.status == "finding" else verdict.status
    lines = [f"verdict: {name}", "  " + visible(verdict.summary)]
    for number, change in enumerate(report.recommendations, 1):
        value = "no safe value" if change.value_bytes is None else f"{change.value_bytes} bytes"
        lines.append(visible(f"change {number}: {change.setting} of {change.cgroup}: {value}"))
    return "\n".join([*lines, f"report: {file}"])
