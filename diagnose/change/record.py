"""The change record: there before the first write, whole at every moment, never over another file."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from diagnose import __version__
from diagnose.change import digested_files
from diagnose.change.figures import figures_of
from diagnose.change.kept import Kept
from diagnose.change.machine import Machine
from diagnose.change.model import CHANGE_SCHEMA, Change, ChangedHost, ChangedService, ChangeRecord, State
from diagnose.errors import CannotMeasureError, UsageError
from diagnose.report import output
from diagnose.report.digest import digest, sealed
from diagnose.report.model import Report

MAX_NUMBER = 1000
FINAL: tuple[State, ...] = ("restored", "rolled-back")
"""The states of a record that is in force no more."""


def load_record(path: Path) -> ChangeRecord:
    """Return the record in a file; raises UsageError if it was edited, cut short, or is none."""
    return digested_files.load(path, ChangeRecord, CHANGE_SCHEMA, "change record")


def new(changes: list[Change], report: Report, machine: Machine, persistent: bool) -> ChangeRecord:
    """Return the record of changes that begin now; raises UsageError for a report with values that none has."""
    try:
        return with_digest(_record(changes, report, machine, persistent))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise UsageError(f"the report holds a value that no report has ({where}); make it again") from error


def _record(changes: list[Change], report: Report, machine: Machine, persistent: bool) -> ChangeRecord:
    return ChangeRecord(
        tool_version=__version__,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        state="applying",
        persistent=persistent,
        host=ChangedHost(hostname=machine.hostname, boot_id=machine.boot_id, cgroup_version=machine.hierarchy.version),
        service=ChangedService(
            name=report.service.name[:4096],
            cgroup=report.service.cgroup[:4096],
            cgroup_id=report.measurements.capture.cgroup_ids.get(report.service.cgroup),
        ),
        report=report.digest or "",
        rule=report.verdict.rule,
        changes=changes,
        window_seconds=min(max(report.capture.window_seconds, 0.1), 60.0),
        before=figures_of(report, [c.cgroup for c in changes]),
    )


def create(folder: Path, record: ChangeRecord) -> Path:
    """Write a new record, on disk when this returns; raises CannotMeasureError where it cannot be kept."""
    stamp = record.created.replace("-", "").replace(":", "")
    names = (f"change-{stamp}.json", *(f"change-{stamp}-{number}.json" for number in range(2, MAX_NUMBER)))
    try:
        with output.written(folder / names[0], _content(record)) as name_it:
            for path in (folder / name for name in names):
                with suppress(FileExistsError):
                    name_it(path)
                    _sync(folder)
                    return path
    except OSError as error:
        raise CannotMeasureError(
            f"the change record cannot be kept in {folder} ({error.strerror}), so nothing was changed; "
            "copy the report to a folder that can be written to"
        ) from error
    raise CannotMeasureError(f"{folder} is full of change records; nothing was changed")


def update(
    path: Path, record: ChangeRecord, state: State, why: str | None = None, kept: Kept | None = None
) -> ChangeRecord:
    """Replace the record by one in another state; the old one stays whole until the new one is on disk.

    Where its digest is kept, the new one is instead, while the change is in force. Raises OSError, with the old record
    as it was and nothing beside it.
    """
    changed = with_digest(record.model_copy(update={"state": state, "why": why}))
    before, after = record.digest or "", changed.digest or ""
    if kept is not None and state not in FINAL and kept.knows(before):
        kept.keep(after, instead_of=before)
    try:
        _replace(path, _content(changed))
    except BaseException:
        if kept is not None:
            kept.keep_only(before)
        raise
    _sync(path.parent)
    if kept is not None and state in FINAL:
        kept.drop(before)
    elif kept is not None:
        kept.keep_only(after)
    return changed


def _replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another, whole or not at all; raises OSError."""
    beside = path.with_name(f".{path.name}.partial")
    with output.written(path, content) as name_it:
        beside.unlink(missing_ok=True)  # of a run that was killed
        name_it(beside)
    try:
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def with_digest(record: ChangeRecord) -> ChangeRecord:
    """Return the record with the digest of its content."""
    return record.model_copy(update={"digest": digest(record.model_dump(mode="json", by_alias=True))})


def _content(record: ChangeRecord) -> bytes:
    document = sealed(record.model_dump(mode="json", by_alias=True))
    return f"{json.dumps(document, indent=2, allow_nan=False)}\n".encode("ascii")


def _sync(folder: Path) -> None:
    """A new name is only safe once its folder is on disk, too (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
