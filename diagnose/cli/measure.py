"""`diagnose latency` and `diagnose report`: measure, or take a capture, and deliver the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._common import EXIT_FINDING, EXIT_NO_FINDING, cli, no_bpf_option, output_option, rules_option, say

if TYPE_CHECKING:
    from diagnose.battery import Plan
    from diagnose.cgroups import Hierarchy
    from diagnose.models import Capture, Report
    from diagnose.rules import RuleSet
    from diagnose.service import Service
    from diagnose.without_bpf import Bpf


@cli.command()
@click.option(
    "--service",
    required=True,
    metavar="NAME",
    help="systemd unit, container, namespace/pod, cgroup path, pid:123 or comm:nginx.",
)
@click.option("--duration", default=120.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--window", default=1.0, show_default=True, metavar="SECONDS", help="Length of one window, 0.1 to 60 s.")
@no_bpf_option
@output_option
@rules_option
def latency(
    service: str, duration: float, window: float, no_bpf: bool, output: str | None, rule_folders: tuple[Path, ...]
) -> int:
    """Measure a service on this host and report why its reads are slow. Needs root, for BPF; changes nothing.

    Where the host refuses BPF, files are read instead, and the report says so first. Ctrl-C ends the measurement early
    and still reports on what there is.
    """
    from diagnose import rules
    from diagnose.battery import plan, require_privileges
    from diagnose.cgroups import Hierarchy
    from diagnose.output import check
    from diagnose.service import resolve

    measured_by = plan(duration, window)
    loaded = rules.load_rules(rule_folders)
    if output not in (None, "-"):
        check(Path(str(output)))
    if not no_bpf:
        require_privileges(", or with --no-bpf for what files alone can say")
    hierarchy = Hierarchy.discover()
    resolved = resolve(service, hierarchy)
    say(f"measuring {resolved.cgroup} for {duration:g} s; Ctrl-C ends it early and reports")
    return measure_and_report(resolved, hierarchy, measured_by, loaded, output, "unused" if no_bpf else "if granted")


def measure_and_report(
    service: Service, hierarchy: Hierarchy, plan: Plan, rules: RuleSet, output: str | None, bpf: Bpf
) -> int:
    from diagnose import capture as captures
    from diagnose import pipeline
    from diagnose.progress import ProgressLine
    from diagnose.stopping import stoppable

    line = ProgressLine()
    with stoppable() as wait:
        try:
            capture = pipeline.record(service, hierarchy, plan, wait, line, bpf, say)
        finally:
            line.end()
    if capture.interrupted:
        say(f"stopped after {capture.windows} of {capture.requested_windows} windows")
    report = pipeline.analyse(capture, rules)
    return deliver(report, capture, captures.to_bytes(capture), output)


@cli.command()
@click.argument("capture_file", metavar="CAPTURE", type=click.Path(path_type=Path))
@output_option
@rules_option
def report(capture_file: Path, output: str | None, rule_folders: tuple[Path, ...]) -> int:
    """Make the report of a capture again, offline: no root, no kernel, the same bytes as the live run gave."""
    from diagnose import capture as captures
    from diagnose import pipeline, rules
    from diagnose.output import check

    if output not in (None, "-"):
        check(Path(str(output)))
    loaded = rules.load_rules(rule_folders)
    capture, packed = captures.load(capture_file)
    return deliver(pipeline.analyse(capture, loaded), capture, packed, output)


def deliver(report: Report, capture: Capture, packed: bytes, output: str | None) -> int:
    """Print or write the report, say the verdict, and return the exit code."""
    from diagnose import output as outputs
    from diagnose.report import render_json, render_markdown

    markdown = render_markdown(report)
    if output == "-":
        # bytes: the same ones as in report.md, whatever the encoding of the terminal
        click.echo(markdown.encode(), nl=False)
    else:
        folder = outputs.folder_for(Path(output) if output else None, capture)
        written = outputs.write(folder, outputs.contents(packed, markdown, render_json(report)))
        if written.instead:
            say(f"warning: {written.instead}; it is in {written.folder} instead")
        click.echo(_summary(report, written.folder))
    return EXIT_FINDING if report.findings else EXIT_NO_FINDING


def _summary(report: Report, folder: Path) -> str:
    """Return the verdict, what to change and where the report is, for the terminal."""
    from diagnose.escape import visible
    from diagnose.windows import BPF

    verdict = report.verdict
    name = f"{verdict.rule}, {verdict.confidence} confidence" if verdict.status == "finding" else verdict.status
    refused = next((row for row in report.not_measured if row.probe == BPF), None)
    lines = [f"measured without BPF ({visible(refused.reason)}): no read was timed"] if refused else []
    lines += [f"verdict: {name}", "  " + visible(verdict.summary)]
    for number, change in enumerate(report.recommendations, 1):
        value = "no safe value" if change.value_bytes is None else f"{change.value_bytes} bytes"
        lines.append(visible(f"change {number}: {change.setting} of {change.cgroup}: {value}"))
    return "\n".join([*lines, f"report: {folder / 'report.md'}"])
