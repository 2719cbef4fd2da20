"""`diagnose rollback`: undo a change."""

from __future__ import annotations

from pathlib import Path

import click

from diagnose.cli._changing import KEPT_FILE, RECORD_FILE, agreed, require_root, trust_option
from diagnose.cli._common import EXIT_NO_FINDING, EXIT_USAGE, cli, tell_visible


@cli.command(
    exits={0: "restored, or nothing to restore", 2: "refused; nothing was changed", 3: "could not"},
    examples=[
        ("Undo it after a question", "sudo diagnose rollback change-20260308T031500Z.json"),
        ("Undo it unasked", "sudo diagnose rollback change-20260308T031500Z.json --yes"),
    ],
    files=[RECORD_FILE, KEPT_FILE],
)
@click.argument("change_file", metavar="CHANGE.json", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask; for automation.")
@trust_option
@click.option(
    "--force",
    is_flag=True,
    help="Also overwrite a value that somebody set after the change, and set a limit below the floor of now.",
)
def rollback(change_file: Path, yes: bool, trust_file: bool, force: bool) -> int:
    """Undo a change, to the byte.

    Shows what it would do, asks, and brings every setting back to what the record says it was, also after an apply or
    a rollback that was killed half-way. A value that somebody set since is left alone (--force overwrites it). A record
    that others than root could have written, or that was edited, is shown, and obeyed only with --trust-file. Where
    there is no terminal to ask on, a record that this host keeps the digest of is obeyed unasked, any other with --yes.
    Needs root.
    """
    from diagnose.change.machine import Machine
    from diagnose.change.record import load_record
    from diagnose.change.rollback import carry_back
    from diagnose.change.trust import of_file, of_record
    from diagnose.change.way_back import way_back
    from diagnose.change.way_back_text import as_lines
    from diagnose.measure.stopping import stoppable

    require_root()
    host = Machine.this(lambda _seconds: False)
    file = of_file(change_file, host)
    written = load_record(change_file)
    trust = of_record(file, change_file, written, host)
    way = way_back(written, host, force)
    for line in as_lines(way):
        tell_visible(line)
    if not way.todo and trust.why_not is not None:
        tell_visible("there was nothing left to restore")
        return EXIT_NO_FINDING
    if way.todo and not agreed("Restore this?", trust, yes, trust_file, known_needs_no_terminal=True):
        return EXIT_USAGE
    with stoppable() as wait:
        carry_back(way, written, change_file, Machine.this(wait), force, tell_visible)
    return EXIT_NO_FINDING
