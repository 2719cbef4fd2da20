"""`diagnose verify`: measure again after a change, and compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._changing import RECORD_FILE, agreed, check_duration, duration_option, trust_option
from diagnose.cli._common import (
    EXIT_FINDING,
    EXIT_NO_FINDING,
    EXIT_USAGE,
    cli,
    progress_option,
    rules_in_force,
    rules_option,
    say,
    tell_visible,
)

if TYPE_CHECKING:
    from diagnose.change.machine import Machine
    from diagnose.change.model import ChangeRecord
    from diagnose.rules import RuleSet


@cli.command(
    exits={
        0: "fixed or better",
        1: "no change or worse",
        2: "bad usage, or no change in force",
        3: "could not measure",
    },
    examples=[("After an apply", "sudo diagnose verify change-20260308T031500Z.json")],
    files=[RECORD_FILE, ("verify.md", "the comparison, before against after; written beside CHANGE.json")],
)
@click.argument("change_file", metavar="CHANGE.json", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="With --trust-file: do not ask.")
@trust_option
@duration_option
@rules_option
@progress_option
def verify(
    change_file: Path, yes: bool, trust_file: bool, duration: float | None, rule_folders: tuple[Path, ...],
    progress: str,
) -> int:  # fmt: skip
    """Measure again after a change and compare.

    Runs the battery on the service as before and compares the share of slow reads and the latencies with those in the
    report: fixed, better, no change or worse, with a 95 % interval. Writes verify.md beside CHANGE.json. A record that
    others than root could have written is shown, and obeyed only with --trust-file. Needs root.
    """
    from diagnose.cgroups import shown
    from diagnose.change.machine import Machine
    from diagnose.change.record import load_record
    from diagnose.change.trust import of_file, of_record
    from diagnose.change.wording import change_line
    from diagnose.measure.privileges import require_privileges
    from diagnose.measure.stopping import stoppable

    check_duration(duration)
    rules = rules_in_force(rule_folders)
    require_privileges()
    host = Machine.this(lambda _seconds: False)
    file = of_file(change_file, host)
    written = load_record(change_file)
    trust = of_record(file, change_file, written, host)
    if trust.why_not is not None:
        for change in written.changes:
            tell_visible(f"the record says: {change_line(change)}")
        tell_visible(f"the record says: its service is {shown(written.service.cgroup)}")
        if not agreed("Measure what this record names?", trust, yes, trust_file):
            return EXIT_USAGE
    with stoppable() as wait:
        return measure_again(written, change_file, Machine.this(wait), duration, rules, progress)


def measure_again(
    written: ChangeRecord,
    path: Path,
    machine: Machine,
    duration: float | None,
    rules: RuleSet,
    progress: str,
    rollback_if_worse: bool = False,
) -> int:
    """Measure, compare with the change record's side before, write the files; returns the exit code."""
    from diagnose.change import verify, verify_files, verify_text
    from diagnose.change.rollback import rollback
    from diagnose.cli.progress import watcher
    from diagnose.measure.schedule import plan

    before = verify.ready(written, machine)
    measured_by = plan(duration or before.seconds, written.window_seconds)
    say(f"measuring {written.service.cgroup} for {duration or before.seconds:g} s, to compare with {before.start}")
    watching = watcher(progress)
    try:
        verified = verify.verify(written, machine, measured_by, rules, watching)
    finally:
        watching.end()
    tell_visible(f"verdict: {verify_text.sentence(verified.comparison)}")
    tell_visible(f"report:  {verify_files.write(path, written, verified)}")
    if verified.comparison.verdict == "worse" and rollback_if_worse:
        say("worse: rolling back")
        rollback(written, path, machine, False, tell_visible)
    return EXIT_NO_FINDING if verified.comparison.helped else EXIT_FINDING
