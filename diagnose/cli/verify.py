"""`diagnose verify`: measure again after a change, and compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._changing import RECORD_FILE, check_duration, duration_option
from diagnose.cli._common import (
    EXIT_FINDING,
    EXIT_NO_FINDING,
    cli,
    progress_option,
    rules_in_force,
    rules_option,
    say,
    tell_visible,
)

if TYPE_CHECKING:
    from diagnose.change.machine import Machine
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
@duration_option
@rules_option
@progress_option
def verify(change_file: Path, duration: float | None, rule_folders: tuple[Path, ...], progress: str) -> int:
    """Measure again after a change and compare.

    Runs the battery on the service as before and compares the share of slow reads and the latencies with those in the
    report: fixed, better, no change or worse, with a 95 % interval. Writes verify.md beside CHANGE.json. Needs root.
    """
    from diagnose.change.machine import Machine
    from diagnose.measure.privileges import require_privileges
    from diagnose.measure.stopping import stoppable

    check_duration(duration)
    rules = rules_in_force(rule_folders)
    require_privileges()
    with stoppable() as wait:
        return measure_again(change_file, Machine.this(wait), duration, rules, progress)


def measure_again(
    path: Path,
    machine: Machine,
    duration: float | None,
    rules: RuleSet,
    progress: str,
    rollback_if_worse: bool = False,
) -> int:
    """Measure, compare with the change record's side before, write the files; returns the exit code."""
    from diagnose.change import verify, verify_files, verify_text
    from diagnose.change.record import load_record
    from diagnose.change.rollback import rollback
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
    tell_visible(f"verdict: {verify_text.sentence(verified.comparison)}")
    tell_visible(f"report:  {verify_files.write(path, written, verified)}")
    if verified.comparison.verdict == "worse" and rollback_if_worse:
        say("worse: rolling back")
        rollback(written, path, machine, False, tell_visible)
    return EXIT_NO_FINDING if verified.comparison.helped else EXIT_FINDING
