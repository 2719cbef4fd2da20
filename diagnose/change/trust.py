"""Whether root obeys a file: its own, that nobody else can have changed; any other is shown and asked about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diagnose.change import kept
from diagnose.change.machine import Machine
from diagnose.change.model import ChangeRecord
from diagnose.change.owner import Doubt, doubt, doubt_of
from diagnose.escape import visible
from diagnose.report.model import Report


@dataclass(frozen=True)
class Trust:
    """`why_not`: why a file is not obeyed as it is; `known`: whether this host's root wrote it, to the byte.

    `elsewhere`: the file is root's own, and what is not is a folder above it, such as the home of who calls sudo.
    """

    why_not: str | None
    known: bool = False
    elsewhere: bool = False


def of_file(path: Path, machine: Machine) -> Trust:
    """Judge a file by its owner and mode, and those of every folder above.

    Ask before the file is read: what root alone can change then, nobody else puts in its place before it is read.
    """
    name = visible(str(path))
    try:
        found = doubt(path, machine.owner)
    except OSError as error:
        return Trust(f"nobody can tell whose {name} is ({error.strerror})")
    if found is None:
        return Trust(None)
    above = found.why == "owner" and found.path.is_dir() and doubt_of(path, machine.owner) is None
    return Trust(f"{name} is not root's own: {_text(found)}", elsewhere=above)


def of_report(file: Trust, report: Report, machine: Machine) -> Trust:
    """Judge a report: what root measured here, in a file of root's, is root's own in another's folder as well."""
    trusted = file.why_not is None or file.elsewhere
    return Trust(None, known=True) if trusted and machine.reports.knows(report.digest or "") else file


def of_record(file: Trust, path: Path, written: ChangeRecord, machine: Machine) -> Trust:
    """Judge a change record by what its file is worth, and by the digests that this host keeps.

    A host that keeps none goes by the file alone. In another's folder root's own record is obeyed if it is known.
    """
    known = machine.kept.knows(written.digest or "")
    if known and (file.why_not is None or file.elsewhere):
        return Trust(None, known=True)
    if file.why_not is not None or known is None:
        return file
    return Trust(
        f"{visible(str(path))} is none of the records that diagnose wrote on this host since it was booted (their "
        f"digests are in /{kept.FOLDER}): it was edited, or made elsewhere"
    )


def _text(found: Doubt) -> str:
    where = visible(str(found.path))
    if found.why == "owner":
        return f"{where} belongs to uid {found.uid}"
    if found.why == "writable":
        return f"others than its owner can write to {where}"
    return f"{where} is a mount in a folder where everybody can write"
