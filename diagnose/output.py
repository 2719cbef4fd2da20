"""Where results go: a folder that is never overwritten, files that are whole or not there."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from diagnose.errors import UsageError
from diagnose.escape import visible
from diagnose.links import foreign_link
from diagnose.models import Capture

_NAME_MAX = 255
"""Of a file name, on every file system Linux has: include/uapi/linux/limits.h."""


@dataclass(frozen=True)
class Written:
    """The folder that holds the files, and why it is not the one asked for, if it is not."""

    folder: Path
    instead: str | None = None


def default_folder(service: str, start: str) -> Path:
    """Return diagnose-<service>-<UTC time> in the current folder, numbered on if that is there already."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", service).strip("-.")[:80] or "service"
    stem = f"diagnose-{name}-{re.sub(r'[^0-9TZ]', '', start)}"
    folder, number = Path(stem), 1
    while os.path.lexists(folder):
        number += 1
        folder = Path(f"{stem}-{number}")
    return folder


def check(folder: Path, files: Iterable[str]) -> None:
    """Refuse early, before anything is measured: raises UsageError if the files cannot go there."""
    name = visible(str(folder))
    taken = [file for file in files if os.path.lexists(folder / file)]
    if taken:
        more = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
        listed = ", ".join(taken[:3]) + more
        raise UsageError(f"{name} already holds {listed}; nothing is overwritten: name another --output")
    if (link := foreign_link(folder)) is not None:
        raise UsageError(f"{visible(str(link))} is a link that somebody else put there; name another --output")
    nearest = next(p for p in (folder, *folder.absolute().parents) if os.path.lexists(p))
    if not os.path.isdir(nearest):  # noqa: PTH112 - Path.is_dir() raises where the name is too long
        raise UsageError(f"{visible(str(nearest))} is not a folder; name another --output")
    if not os.access(nearest, os.W_OK | os.X_OK):
        where = visible(str(nearest))
        raise UsageError(f"{where} cannot be written to, so {name} cannot take the report; name another --output")
    longest = max(len(os.fsencode(part)) for part in folder.absolute().parts)
    if longest > _NAME_MAX:
        raise UsageError(f"a folder's name has at most {_NAME_MAX} bytes, not {longest}; name another --output")


def write(folder: Path, contents: dict[str, bytes]) -> Written:
    """Write the files; when the folder fails them (full, gone, read-only), into a temporary folder instead.

    Raises UsageError, with nothing written, only when that fails too.
    """
    try:
        if foreign_link(folder) is not None:
            raise OSError(errno.ELOOP, "somebody else has put a link there")
        _write_all(folder, contents)
    except OSError as error:
        why = f"{folder} could not take the report ({error.strerror})"
        try:
            fallback = Path(tempfile.mkdtemp(prefix="diagnose-"))
            _write_all(fallback, contents)
        except OSError as second:
            raise UsageError(f"{why}, nor could the temporary folder ({second.strerror}); free some space") from second
        return Written(fallback, why)
    return Written(folder)


def _write_all(folder: Path, contents: dict[str, bytes]) -> None:
    """Write the files, some perhaps in folders below; after a failure everything is as it was before."""
    made: list[Path] = []
    written: list[Path] = []
    try:
        for name, content in contents.items():
            path = folder / name
            _make_folder(path.parent, made)
            _write_whole(path, content)
            written.append(path)
    except OSError:
        for path in written:
            path.unlink(missing_ok=True)
        for below in reversed(made):
            below.rmdir()
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it that are missing, which only their owner can write to, whatever the umask."""
    for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
        missing.mkdir(0o755)
        made.append(missing)


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside, then link into place: whole or not there, and never over an existing file or through a link."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def folder_for(output: Path | None, capture: Capture) -> Path:
    """Return the folder asked for, or the default one, named after the service and the capture's start."""
    return output if output is not None else default_folder(capture.service.name, capture.start)
