"""What apply, verify and rollback share: the record, --duration, root."""

from __future__ import annotations

import os

import click

from diagnose.errors import CannotMeasureError, UsageError

RECORD_FILE = ("change-<UTC time>.json", "what was changed and how to undo it; written beside the report by apply")

duration_option = click.option(
    "--duration",
    type=float,
    metavar="SECONDS",
    help="How long to measure. [default: as long as the capture of the report]",
)


def check_duration(seconds: float | None) -> None:
    """Raise UsageError for a --duration that cannot be measured; None: as long as the capture of the report."""
    if seconds is not None and not 1 <= seconds <= 86_400:
        raise UsageError(f"--duration is {seconds:g} s; it can be 1 to 86,400 s")


def require_root() -> None:
    """Raise CannotMeasureError for a user who cannot change cgroups."""
    if os.geteuid() != 0:
        raise CannotMeasureError("changing a cgroup needs root; run it with sudo")
