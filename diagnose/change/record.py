"""The change record on disk: there before the first write, whole at every moment, never over another file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from diagnose.change import digested_files
from diagnose.change.model import CHANGE_SCHEMA, ChangeRecord, State
from diagnose.errors import CannotMeasureError
from diagnose.report.digest import sealed

MAX_NUMBER = 1000


def load_record(path: Path) -> ChangeRecord:
    """Return the record in a file; raises UsageError if it was edited, cut short, or is none."""
    return digested_files.load(path, ChangeRecord, CHANGE_SCHEMA, "change record")


def create(folder: Path, record: ChangeRecord) -> Path:
    """Write a new record, on disk when this returns; raises CannotMeasureError where it cannot be kept."""
    stamp = record.created.replace("-", "").replace(":", "")
    partial = folder / f".change-{stamp}.{os.getpid()}.partial"
    try:
        _write(partial, record)
        try:
            for number in range(1, MAX_NUMBER):
                path = folder / (f"change-{stamp}.json" if number == 1 else f"change-{stamp}-{number}.json")
                try:
                    os.link(partial, path)
                except FileExistsError:
                    continue
                _sync(folder)
                return path
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise CannotMeasureError(
            f"the change record cannot be kept in {folder} ({error.strerror}), so nothing was changed; "
            "copy the report to a folder that can be written to"
        ) from error
    raise CannotMeasureError(f"{folder} is full of change records; nothing was changed")


def update(path: Path, record: ChangeRecord, state: State, why: str | None = None) -> ChangeRecord:
    """Replace the record by one in another state; the old one stays whole until the new one is on disk."""
    changed = record.model_copy(update={"state": state, "why": why})
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        _write(partial, changed)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)
    return changed


def _write(path: Path, record: ChangeRecord) -> None:
    document = sealed(record.model_dump(mode="json", by_alias=True))
    path.unlink(missing_ok=True)  # of a run that was killed and had the same pid
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(document, file, indent=2, allow_nan=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """A new name is only safe once its folder is on disk, too (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
