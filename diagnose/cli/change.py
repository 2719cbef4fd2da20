"""`diagnose apply`, `verify` and `rollback`: change what a report recommends, check it, undo it.

Exit of apply and rollback: 0 done; 1 stopped and restored; 2 refused, nothing changed; 3 could not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._common import (
    EXIT_CANNOT_MEASURE,
    EXIT_FINDING,
    EXIT_NO_FINDING,
    EXIT_USAGE,
    cli,
    progress_option,
    rules_in_force,
    rules_option,
    say,
)

if TYPE_CHECKING:
    from diagnose.change import Machine
    from diagnose.change.model import ChangeRecord
    from diagnose.change.plan import Plan
    from diagnose.rules import RuleSet

_RECORD = ("change-<UTC time>.json", "what was changed and how to undo it; written beside the report by apply")
SETTLE_SECONDS = 10.0
"""Between applying and verifying: the service reads back what it had lost, once, which is no steady state."""

_duration_option = click.option(
    "--duration",
    type=float,
    metavar="SECONDS",
    help="How long to measure. [default: as long as the capture of the report]",
)


@cli.command(
    exits={
        0: "applied (with --verify: fixed or better)",
        1: "stopped because somebody was harmed, and restored (with --verify: no change or worse)",
        2: "refused; nothing was changed",
        3: "could not",
    },
    examples=[
        ("Look at it first", "diagnose apply report.json --dry-run"),
        ("Apply after a question", "sudo diagnose apply report.json"),
        (
            "Apply, measure again, undo what does not help",
            "sudo diagnose apply report.json --yes --verify --rollback-if-worse",
        ),
    ],
    files=[_RECORD],
)
@click.argument("report_file", metavar="REPORT.json", type=click.Path(path_type=Path))
@click.option("--select", multiple=True, type=int, metavar="N", help="Only recommendation N of the report; repeatable.")
@click.option("--dry-run", is_flag=True, help="Check and show everything, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask; for automation.")
@click.option("--force", is_flag=True, help="Also set a limit below the floor of the cgroup, measured now.")
@click.option("--persistent", is_flag=True, help="Keep it over reboots, where systemd manages the cgroup.")
@click.option(
    "--pause", default=1.0, show_default=True, metavar="SECONDS", help="Between two steps of a limit, 0.05 to 60 s."
)
@click.option("--verify", "then_verify", is_flag=True, help="Measure again afterwards, as diagnose verify does.")
@click.option("--rollback-if-worse", is_flag=True, help="With --verify: undo the change if the verdict is worse.")
@_duration_option
@rules_option
@progress_option
def apply(
    report_file: Path, select: tuple[int, ...], dry_run: bool, yes: bool, force: bool, persistent: bool, pause: float,
    then_verify: bool, rollback_if_worse: bool, duration: float | None, rule_folders: tuple[Path, ...],
    progress: str,
) -> int:  # fmt: skip
    """Change what a report recommends, after review.

    Shows each change with its reason, what is used now and the risk, asks, and checks that the report is unedited, of
    this host and boot, and that the value is still the one in the report. Limits come down in steps; an OOM kill or
    too much time stalled for memory stops and restores everything. What was changed, and how to undo it, is on disk
    before the first write. Needs root.
    """
    from diagnose.change import Machine, load_report, plan
    from diagnose.change.show import as_text
    from diagnose.measure.stopping import stoppable

    _check_options(pause, then_verify, rollback_if_worse, duration)
    rules = rules_in_force(rule_folders) if then_verify else None
    if not dry_run:
        _require_root("changing a cgroup")
    report = load_report(report_file)
    planned = plan(report, Machine.this(_no_wait), select, force, persistent)
    click.echo(as_text(planned, persistent, pause))
    if not planned.changes:
        say("none of the recommendations can be applied here; nothing was changed")
        return EXIT_USAGE
    if dry_run:
        say("dry run: nothing was changed")
        return EXIT_NO_FINDING
    if not _confirmed(yes, len(planned.changes)):
        return EXIT_USAGE
    with stoppable() as wait:
        machine = Machine.this(wait)
        code, path = _carry_out(planned, report_file, machine, persistent, pause)
        if code != EXIT_NO_FINDING or rules is None:
            return code
        say(f"waiting {SETTLE_SECONDS:g} s for the service to read back what it had lost")
        if wait(SETTLE_SECONDS):
            say(f"stopped before the change was verified; it stays applied: diagnose verify {path}")
            return EXIT_CANNOT_MEASURE
        return _verify(path, machine, duration, rules, rollback_if_worse, progress)


@cli.command(
    exits={
        0: "fixed or better",
        1: "no change or worse",
        2: "bad usage, or no change in force",
        3: "could not measure",
    },
    examples=[("After an apply", "sudo diagnose verify change-20260308T031500Z.json")],
    files=[_RECORD, ("verify.md", "the comparison, before against after; written beside CHANGE.json")],
)
@click.argument("change_file", metavar="CHANGE.json", type=click.Path(path_type=Path))
@_duration_option
@rules_option
@progress_option
def verify(change_file: Path, duration: float | None, rule_folders: tuple[Path, ...], progress: str) -> int:
    """Measure again after a change and compare.

    Runs the battery on the service as before and compares the share of slow reads and the latencies with those in the
    report: fixed, better, no change or worse, with a 95 % interval. Writes verify.md beside CHANGE.json. Needs root.
    """
    from diagnose.change import Machine
    from diagnose.measure.privileges import require_privileges
    from diagnose.measure.stopping import stoppable

    _check_options(1.0, True, False, duration)
    rules = rules_in_force(rule_folders)
    require_privileges()
    with stoppable() as wait:
        return _verify(change_file, Machine.this(wait), duration, rules, False, progress)


@cli.command(
    exits={0: "restored, or nothing to restore", 2: "refused; nothing was changed", 3: "could not"},
    examples=[("Undo it", "sudo diagnose rollback change-20260308T031500Z.json")],
    files=[_RECORD],
)
@click.argument("change_file", metavar="CHANGE.json", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also overwrite a value that somebody set after the change.")
def rollback(change_file: Path, force: bool) -> int:
    """Undo a change, to the byte.

    Brings every setting back to what the record says it was, also after an apply that was killed half-way. A value
    that somebody set since is left alone (--force overwrites it). Needs root.
    """
    from diagnose import change as applying
    from diagnose.measure.stopping import stoppable

    _require_root("changing a cgroup")
    written = applying.load_record(change_file)
    with stoppable() as wait:
        applying.rollback(written, change_file, applying.Machine.this(wait), force, click.echo)
    return EXIT_NO_FINDING


def _carry_out(planned: Plan, report_file: Path, machine: Machine, persistent: bool, pause: float) -> tuple[int, Path]:
    """Apply and say how it went; returns the exit code and the record's path."""
    from diagnose.change import carry_out
    from diagnose.change.show import visible_change

    outcome = carry_out(planned, report_file.parent, machine, _step, persistent, pause)
    if outcome.why is not None:
        say(outcome.why if not outcome.restored else f"{outcome.why}; everything was restored")
        if not outcome.restored:
            say(f"restore it by hand or with: diagnose rollback {outcome.record_path}")
        return (EXIT_FINDING if outcome.restored else EXIT_CANNOT_MEASURE), outcome.record_path
    for change in outcome.record.changes:
        click.echo(f"applied: {visible_change(change)}, read back")
    click.echo(f"check:   diagnose verify {outcome.record_path}")
    click.echo(f"undo:    diagnose rollback {outcome.record_path}")
    return EXIT_NO_FINDING, outcome.record_path


def _verify(
    path: Path, machine: Machine, duration: float | None, rules: RuleSet, rollback_if_worse: bool, progress: str
) -> int:
    from diagnose.change import load_record, verify, verify_files, verify_text
    from diagnose.cli.progress import watcher
    from diagnose.measure.schedule import plan

    written = load_record(path)
    before = verify.ready(written, machine)
    measured_by = plan(duration or before.seconds, written.window_seconds)
    say(f"measuring {written.service.cgroup} for {duration or before.seconds:g} s, to compare with {before.start}")
    watching = watcher(progress)
    try:
        verified = verify.verify(written, machine, measured_by, rules, watching)
    finally:
        watching.end()
    click.echo(f"verdict: {verify_text.sentence(verified.comparison)}")
    click.echo(f"report:  {verify_files.write(path, written, verified)}")
    if verified.comparison.verdict == "worse" and rollback_if_worse:
        _undo(written, path, machine)
    return EXIT_NO_FINDING if verified.comparison.helped else EXIT_FINDING


def _undo(written: ChangeRecord, path: Path, machine: Machine) -> None:
    from diagnose.change import rollback as undo

    say("worse: rolling back")
    undo(written, path, machine, False, click.echo)


def _confirmed(yes: bool, number: int) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        say("nothing was changed: there is no terminal to ask on; review the above and run it again with --yes")
        return False
    if click.confirm(f"Apply {'this change' if number == 1 else f'these {number} changes, all or none'}?", err=True):
        return True
    say("nothing was changed")
    return False


def _check_options(pause: float, then_verify: bool, rollback_if_worse: bool, duration: float | None) -> None:
    from diagnose.errors import UsageError

    if not 0.05 <= pause <= 60:
        raise UsageError(f"--pause is {pause:g} s; it can be 0.05 to 60 s")
    if rollback_if_worse and not then_verify:
        raise UsageError("--rollback-if-worse says what to do after --verify; give both")
    if duration is not None and not 1 <= duration <= 86_400:
        raise UsageError(f"--duration is {duration:g} s; it can be 1 to 86,400 s")


def _require_root(what: str) -> None:
    import os

    from diagnose.errors import CannotMeasureError

    if os.geteuid() != 0:
        raise CannotMeasureError(f"{what} needs root; run it with sudo")


def _step(text: str) -> None:
    from diagnose.escape import visible

    say(visible(text))


def _no_wait(_seconds: float) -> bool:
    return False
