"""`diagnose apply`: change what a report recommends, after review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._changing import (
    KEPT_FILE,
    RECORD_FILE,
    agreed,
    check_duration,
    duration_option,
    require_root,
    trust_option,
)
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
    tell_visible,
    word,
)
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from diagnose.change.carry_out import Outcome
    from diagnose.change.machine import Machine
    from diagnose.change.plan import Plan

SETTLE_SECONDS = 10.0
"""Between applying and verifying: the service reads back what it had lost, once, which is no steady state."""


@cli.command(
    exits={
        0: "applied (with --verify: fixed or better)",
        1: "stopped because somebody was harmed or set the value meanwhile, and restored (with --verify: no change or "
        "worse)",
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
    files=[RECORD_FILE, KEPT_FILE],
)
@click.argument("report_file", metavar="REPORT.json", type=click.Path(path_type=Path))
@click.option("--select", multiple=True, type=int, metavar="N", help="Only recommendation N of the report; repeatable.")
@click.option("--dry-run", is_flag=True, help="Check and show everything, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask; for automation.")
@trust_option
@click.option("--force", is_flag=True, help="Also set a limit below the floor of the cgroup, measured now.")
@click.option("--persistent", is_flag=True, help="Keep it over reboots, where systemd manages the cgroup.")
@click.option(
    "--pause", default=1.0, show_default=True, metavar="SECONDS", help="Between two steps of a limit, 0.05 to 60 s."
)
@click.option("--verify", "then_verify", is_flag=True, help="Measure again afterwards, as diagnose verify does.")
@click.option("--rollback-if-worse", is_flag=True, help="With --verify: undo the change if the verdict is worse.")
@duration_option
@rules_option
@progress_option
def apply(
    report_file: Path, select: tuple[int, ...], dry_run: bool, yes: bool, trust_file: bool, force: bool,
    persistent: bool, pause: float, then_verify: bool, rollback_if_worse: bool, duration: float | None,
    rule_folders: tuple[Path, ...], progress: str,
) -> int:  # fmt: skip
    """Change what a report recommends, after review.

    Shows each change with its reason, what is used now and the risk, asks, and checks that the report is unedited, of
    this host and boot, and that the value is still the one in the report. A report that others than root could have
    written is shown, and obeyed only with --trust-file. Limits come down in steps; an OOM kill or
    too much time stalled for memory stops and restores everything. What was changed, and how to undo it, is on disk
    before the first write. Needs root.
    """
    from diagnose.change.machine import Machine
    from diagnose.change.plan import plan
    from diagnose.change.plan_text import as_text
    from diagnose.change.reports import load_report
    from diagnose.change.trust import of_file, of_report
    from diagnose.cli.verify import measure_again
    from diagnose.measure.stopping import stoppable

    _check_options(pause, then_verify, rollback_if_worse, duration)
    rules = rules_in_force(rule_folders) if then_verify else None
    if not dry_run:
        require_root()
    host = Machine.this(_no_wait)
    file = of_file(report_file, host)
    report = load_report(report_file)
    trust = of_report(file, report, host)
    planned = plan(report, host, select, force, persistent)
    tell_visible(as_text(planned, persistent, pause))
    if not planned.changes:
        say("none of the recommendations can be applied here; nothing was changed")
        return EXIT_USAGE
    if dry_run:
        if trust.why_not is not None:
            say(f"{trust.why_not}: apply wants --trust-file for it")
        say("dry run: nothing was changed")
        return EXIT_NO_FINDING
    many = len(planned.changes)
    question = f"Apply {'this change' if many == 1 else f'these {many} changes, all or none'}?"
    if not agreed(question, trust, yes, trust_file):
        return EXIT_USAGE
    with stoppable() as wait:
        machine = Machine.this(wait)
        outcome = _carry_out(planned, report_file, machine, persistent, pause)
        path = outcome.record_path
        if outcome.why is not None or rules is None:
            return _code(outcome)
        say(f"waiting {SETTLE_SECONDS:g} s for the service to read back what it had lost")
        if wait(SETTLE_SECONDS):
            say(f"stopped before the change was verified; it stays applied: diagnose verify {word(path)}")
            return EXIT_CANNOT_MEASURE
        # The record as it was written, not as it may lie there by now
        return measure_again(outcome.record, path, machine, duration, rules, progress, rollback_if_worse)


def _code(outcome: Outcome) -> int:
    if outcome.why is None:
        return EXIT_NO_FINDING
    return EXIT_FINDING if outcome.restored else EXIT_CANNOT_MEASURE


def _carry_out(planned: Plan, report_file: Path, machine: Machine, persistent: bool, pause: float) -> Outcome:
    """Apply and say how it went."""
    from diagnose.change.carry_out import carry_out
    from diagnose.change.wording import change_line

    outcome = carry_out(planned, report_file.parent, machine, say, persistent, pause)
    if outcome.why is not None:
        say(f"{outcome.why}{_how_it_ended(outcome)}")
        if not outcome.restored:
            say(f"restore it by hand or with: diagnose rollback {word(outcome.record_path)}")
        return outcome
    for change in outcome.record.changes:
        tell_visible(f"applied: {change_line(change)}, read back")
    tell_visible(f"check:   diagnose verify {word(outcome.record_path)}")
    tell_visible(f"undo:    diagnose rollback {word(outcome.record_path)}")
    return outcome


def _how_it_ended(outcome: Outcome) -> str:
    """Write what follows the reason why an apply was stopped; that restoring failed is in the reason itself."""
    if not outcome.restored:
        return ""
    others = [f"; {stay}" for stay in outcome.stays if stay != outcome.why]
    return f"{''.join(others)}; everything {'else ' if outcome.stays else ''}was restored"


def _check_options(pause: float, then_verify: bool, rollback_if_worse: bool, duration: float | None) -> None:
    if not 0.05 <= pause <= 60:
        raise UsageError(f"--pause is {pause:g} s; it can be 0.05 to 60 s")
    if rollback_if_worse and not then_verify:
        raise UsageError("--rollback-if-worse says what to do after --verify; give both")
    check_duration(duration)


def _no_wait(_seconds: float) -> bool:
    return False
