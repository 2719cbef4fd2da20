"""`diagnose rollback`: undo a change."""

from __future__ import annotations

from pathlib import Path

import click

from diagnose.cli._changing import RECORD_FILE, require_root
from diagnose.cli._common import EXIT_NO_FINDING, cli, tell_visible


@cli.command(
    exits={0: "restored, or nothing to restore", 2: "refused; nothing was changed", 3: "could not"},
    examples=[("Undo it", "sudo diagnose rollback change-20260308T031500Z.json")],
    files=[RECORD_FILE],
)
@click.argument("change_file", metavar="CHANGE.json", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also overwrite a value that somebody set after the change.")
def rollback(change_file: Path, force: bool) -> int:
    """Undo a change, to the byte.

    Brings every setting back to what the record says it was, also after an apply that was killed half-way. A value
    that somebody set since is left alone (--force overwrites it). Needs root.
    """
    from diagnose.change.machine import Machine
    from diagnose.change.record import load_record
    from diagnose.change.rollback import rollback as undo
    from diagnose.measure.stopping import stoppable

    require_root()
    written = load_record(change_file)
    with stoppable() as wait:
        undo(written, change_file, Machine.this(wait), force, tell_visible)
    return EXIT_NO_FINDING
