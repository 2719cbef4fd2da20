"""The commands: parse, call the pipeline, print, choose the exit code. Imports are inside, so that --help is instant.

Exit: 0 measured, no finding; 1 findings; 2 usage, unknown service, bad rules or files; 3 could not measure.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose import __version__
from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from diagnose.models import Capture, Report

EXIT_NO_FINDING, EXIT_FINDING, EXIT_USAGE, EXIT_CANNOT_MEASURE = 0, 1, 2, 3

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_rules_option = click.option(
    "--rules",
    "rule_folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder with rules of your own; repeatable. A rule of the same id replaces the shipped one.",
)
_output_option = click.option(
    "--output",
    metavar="DIR|-",
    help="Folder for report.md, report.json and capture.json.gz; existing files are never overwritten. "
    "'-' prints the Markdown alone. [default: diagnose-<service>-<UTC time>]",
)


@click.group(context_settings=_HELP)
@click.version_option(__version__, prog_name="diagnose")
def cli() -> None:
    """Say why a Linux service's reads are slow, who evicts its page cache, and which cgroup limit would help.

    Exit: 0 measured, no finding; 1 findings; 2 bad usage, unknown service, bad rules or files; 3 could not measure.
    """


@cli.command()
@click.option(
    "--service",
    required=True,
    metavar="NAME",
    help="systemd unit, container, namespace/pod, cgroup path, pid:123 or comm:nginx.",
)
@click.option("--duration", default=120.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--window", default=1.0, show_default=True, metavar="SECONDS", help="Length of one window, 0.1 to 60 s.")
@_output_option
@_rules_option
def latency(service: str, duration: float, window: float, output: str | None, rule_folders: tuple[Path, ...]) -> int:
    """Measure a service on this host and report why its reads are slow. Needs root; changes nothing.

    Ctrl-C ends the measurement early and still reports on what there is.
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
    require_privileges()
    hierarchy = Hierarchy.discover()
    resolved = resolve(service, hierarchy)
    _say(f"measuring {resolved.cgroup} for {duration:g} s; Ctrl-C ends it early and reports")
    return _measure_and_report(resolved, hierarchy, measured_by, loaded, output)


def _measure_and_report(service: object, hierarchy: object, plan: object, rules: object, output: str | None) -> int:
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
        _say(f"stopped after {capture.windows} of {capture.requested_windows} windows")
    report = pipeline.analyse(capture, rules)  # type: ignore[arg-type]
    return _deliver(report, capture, captures.to_bytes(capture), output)


@cli.command()
@click.argument("capture_file", metavar="CAPTURE", type=click.Path(path_type=Path))
@_output_option
@_rules_option
def report(capture_file: Path, output: str | None, rule_folders: tuple[Path, ...]) -> int:
    """Make the report of a capture again, offline: no root, no kernel, the same bytes as the live run gave."""
    from diagnose import capture as captures
    from diagnose import pipeline, rules
    from diagnose.output import check

    if output not in (None, "-"):
        check(Path(str(output)))
    loaded = rules.load_rules(rule_folders)
    capture, packed = captures.load(capture_file)
    return _deliver(pipeline.analyse(capture, loaded), capture, packed, output)


def _deliver(report: Report, capture: Capture, packed: bytes, output: str | None) -> int:
    """Print or write the report, say the verdict, and return the exit code."""
    from diagnose import output as outputs
    from diagnose.report import render_json, render_markdown

    markdown = render_markdown(report)
    if output == "-":
        click.echo(markdown.encode(), nl=False)  # bytes: the same ones as in report.md, whatever the terminal's encoding
    else:
        folder = outputs.folder_for(Path(output) if output else None, capture)
        written = outputs.write(folder, outputs.contents(packed, markdown, render_json(report)))
        if written.instead:
            _say(f"warning: {written.instead}; it is in {written.folder} instead")
        click.echo(_summary(report, written.folder))
    return EXIT_FINDING if report.findings else EXIT_NO_FINDING


def _summary(report: Report, folder: Path) -> str:
    """Return the verdict, what to change and where the report is, for the terminal."""
    from diagnose.escape import visible

    verdict = report.verdict
    name = f"{verdict.rule}, {verdict.confidence} confidence" if verdict.status == "finding" else verdict.status
    lines = [f"verdict: {name}", "  " + visible(verdict.summary)]
    for number, change in enumerate(report.recommendations, 1):
        value = "no safe value" if change.value_bytes is None else f"{change.value_bytes} bytes"
        lines.append(visible(f"change {number}: {change.setting} of {change.cgroup}: {value}"))
    return "\n".join([*lines, f"report: {folder / 'report.md'}"])


@cli.group()
def rules() -> None:
    """List, explain, check and test rules."""


@rules.command("list")
@_rules_option
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
@_rules_option
def rules_show(rule_id: str, rule_folders: tuple[Path, ...]) -> int:
    """Explain a rule: what it looks for, its thresholds, the facts it needs and the probes behind them."""
    from diagnose.rules import explain, load_rules

    click.echo(explain(load_rules(rule_folders).get(rule_id)))
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
        click.echo(str(outcome))
    click.echo(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return EXIT_USAGE if failed else EXIT_NO_FINDING


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
        _say("nothing here looks like that; without TEXT all are listed" if text else "there is no cgroup below /")
    rows = [("NAME", "CGROUP", "MEMORY", "CACHE", "PROCESSES")]
    rows += [
        (visible(s.name), visible(s.cgroup), units.size(s.usage_bytes), units.size(s.file_bytes), str(s.processes))
        for s in listed
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        click.echo("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]]).rstrip())
    return EXIT_NO_FINDING


@cli.command()
@click.option("--scenario", default="noisy-neighbour", show_default=True, metavar="NAME", help="Which one; see --list.")
@click.option("--duration", default=30.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--list", "list_them", is_flag=True, help="Explain the scenarios and stop.")
@_output_option
def demo(scenario: str, duration: float, list_them: bool, output: str | None) -> int:
    """Set up a real service and a real neighbour in cgroups of their own, diagnose them, and remove everything."""
    from diagnose import demonstration

    if list_them:
        click.echo(demonstration.listing())
        return EXIT_NO_FINDING
    if output not in (None, "-"):
        from diagnose.output import check

        check(Path(str(output)))
    return demonstration.run(scenario, duration, output, _measure_and_report, _deliver, _say)


def _say(text: str) -> None:
    click.echo(f"diagnose: {text}", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: run a command; every foreseeable failure is one line on standard error."""
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without µ still gets the rest of the line
    try:
        result = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except DiagnoseError as error:
        _say(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("stopped before anything was measured")
        return EXIT_CANNOT_MEASURE
    except BrokenPipeError:
        # The reader has gone (| head). Nothing more can be said to it, nor at exit when Python flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NO_FINDING
    except Exception as error:
        if os.environ.get("DIAGNOSE_DEBUG"):
            traceback.print_exc()
        _say(f"internal error: {type(error).__name__}: {error}; this is a bug, DIAGNOSE_DEBUG=1 shows where")
        return EXIT_CANNOT_MEASURE
    return result if isinstance(result, int) else EXIT_NO_FINDING


if __name__ == "__main__":
    main()
