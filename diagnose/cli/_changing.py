"""What apply, verify and rollback share: the record, --duration, root."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from diagnose.cli._common import asked, say
from diagnose.errors import CannotMeasureError, UsageError

if TYPE_CHECKING:
    from diagnose.change.trust import Trust

RECORD_FILE = ("change-<UTC time>.json", "what was changed and how to undo it; written beside the report by apply")
KEPT_FILE = ("/var/lib/diagnose/", "the digests of the records in force, by which rollback knows an edited one")

duration_option = click.option(
    "--duration",
    type=float,
    metavar="SECONDS",
    help="How long to measure. [default: as long as the capture of the report]",
)


trust_option = click.option(
    "--trust-file",
    is_flag=True,
    help="Obey a file that is not root's own, or was edited: one that others could have written.",
)


def agreed(question: str, trust: Trust, yes: bool, trust_file: bool, known_needs_no_terminal: bool = False) -> bool:
    """Return whether to go on with what was shown; says why not.

    `known_needs_no_terminal`: a record that this host wrote, unedited, is obeyed where nobody can be asked.
    """
    if trust.why_not is not None and not trust_file:
        say(f"nothing was changed: {trust.why_not}. Read the above; --trust-file obeys it all the same")
        return False
    if yes:
        return True
    if not sys.stdin.isatty():
        if known_needs_no_terminal and trust.known:
            return True
        say("nothing was changed: there is no terminal to ask on; review the above and run it again with --yes")
        return False
    if asked(question):
        return True
    say("nothing was changed")
    return False


def check_duration(seconds: float | None) -> None:
    """Raise UsageError for a --duration that cannot be measured; None: as long as the capture of the report."""
    if seconds is not None and not 1 <= seconds <= 86_400:
        raise UsageError(f"--duration is {seconds:g} s; it can be 1 to 86,400 s")


def require_root() -> None:
    """Raise CannotMeasureError for a user who cannot change cgroups."""
    if os.geteuid() != 0:
        raise CannotMeasureError("changing a cgroup needs root; run it with sudo")
