"""`diagnose latency`: measure a service, and deliver the report."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._common import (
    EXITS_OF_A_REPORT,
    REPORT_FILES,
    cli,
    delivery_options,
    no_bpf_option,
    progress_option,
    rules_in_force,
    rules_option,
    say,
)
from diagnose.cli._completions import services
from diagnose.cli._delivery import deliver, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.cgroups import Hierarchy
    from diagnose.cgroups.service import Service
    from diagnose.measure.polling import Bpf
    from diagnose.measure.schedule import Plan
    from diagnose.report.formats.delivery import Delivery
    from diagnose.rules import RuleSet


@cli.command(
    exits=EXITS_OF_A_REPORT,
    examples=[
        ("A systemd unit, for two minutes", "sudo diagnose latency --service checkout"),
        ("A container, for five minutes", "sudo diagnose latency --service web-1 --duration 300"),
        ("A process, the report on standard output", "sudo diagnose latency --service pid:123 --output -"),
    ],
    files=REPORT_FILES,
)
@click.option(
    "--service",
    required=True,
    metavar="NAME",
    shell_complete=services,
    help="systemd unit, container, namespace/pod, cgroup path, pid:123 or comm:nginx.",
)
@click.option("--duration", default=120.0, show_default=True, metavar="SECONDS", help="How long to measure.")
@click.option("--window", default=1.0, show_default=True, metavar="SECONDS", help="Length of one window, 0.1 to 60 s.")
@no_bpf_option
@delivery_options
@rules_option
@progress_option
def latency(
    service: str,
    duration: float,
    window: float,
    no_bpf: bool,
    wanted: Delivery,
    rule_folders: tuple[Path, ...],
    progress: str,
) -> int:
    """Measure a service and say why its reads are slow.

    Loads BPF programs on tracepoints and measures, in windows of a second, how long the reads of the service take, what
    the block device does, and who evicts whose pages from the page cache. Prints the verdict and writes the report.
    The service is the whole subtree of its cgroup; diagnose services lists the names.

    Needs root, for BPF; changes nothing, and leaves nothing behind but the report, and its digest in /var/lib/diagnose,
    by which apply knows it. Where the host refuses BPF, files are read instead, and the report says so first. Ctrl-C or
    SIGTERM ends the measurement early and still reports on what there is.
    """
    from diagnose.cgroups import Hierarchy
    from diagnose.cgroups.service import resolve
    from diagnose.measure.privileges import give_up, require_open_files, require_privileges
    from diagnose.measure.schedule import plan

    measured_by = plan(duration, window)
    wanted.check()
    require_open_files()
    if not no_bpf:
        require_privileges(", or with --no-bpf for what files alone can say")
    hierarchy = Hierarchy.discover()
    hierarchy.require_whole()
    resolved = resolve(service, hierarchy)
    say(f"measuring {resolved.cgroup} for {duration:g} s; Ctrl-C ends it early and reports")
    bpf: Bpf = "unused" if no_bpf else "if granted"
    return measure_and_report(
        resolved, hierarchy, measured_by, partial(rules_in_force, rule_folders), wanted, bpf, progress, give_up
    )


def measure_and_report(
    service: Service,
    hierarchy: Hierarchy,
    plan: Plan,
    load: Callable[[], RuleSet],
    wanted: Delivery,
    bpf: Bpf,
    progress: str = "auto",
    attached: Callable[[bool], None] = lambda _: None,
) -> int:
    """Measure, deliver, and return the exit code. `load`: the rules, read while the programs are built.

    For `attached` see `pipeline.record`.
    """
    from diagnose.cli.progress import chosen
    from diagnose.measure.build import begun
    from diagnose.measure.stopping import stoppable

    watcher = chosen(progress)  # standard error is the compiler's while it is at work
    building = nullcontext() if bpf == "unused" else begun(service, hierarchy, plan)
    with stoppable() as wait, building as builds:
        # Not before: half of what there is to do until the first window is done while the compiler is at work.
        from diagnose import pipeline
        from diagnose.capture import file as captures

        rules, watching = load(), watcher()
        try:
            capture = pipeline.record(service, hierarchy, plan, wait, watching, bpf, say, builds, _remedy, attached)
        finally:
            watching.end()
    if capture.interrupted:
        say(f"stopped after {capture.windows} of {capture.requested_windows} windows")
    if wanted.redacting is not None:
        capture = wanted.redacting(capture)
    packed = captures.to_bytes(capture)
    with kept(packed, capture, wanted):
        report = pipeline.analyse(capture, rules, packed)
        return deliver(report, capture, packed, wanted, measured=wanted.redacting is None)


def _remedy() -> str:
    from diagnose import doctor  # slow to import, and needed by a refusal alone

    return doctor.remedy()
