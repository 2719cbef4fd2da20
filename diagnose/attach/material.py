"""The report folder as it lies on disk: the texts to post, the pictures, and what the capture is known by."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from diagnose.errors import UsageError
from diagnose.escape import visible

MAX_TEXT_BYTES = 16 * 2**20
MAX_PICTURE_BYTES = 10 * 2**20
"""Of one: what Jira and older GitLabs take unless they are told otherwise."""
MAX_PICTURES = 30


@dataclass(frozen=True)
class Picture:
    name: str
    content: bytes


@dataclass(frozen=True)
class Material:
    markdown: str
    jira: str | None
    """The same in Jira's markup, where the report was made with it."""
    pictures: tuple[Picture, ...]
    """PNG files, which every ticket system shows."""
    identity: str
    """SHA-256 of the capture, hexadecimal: the same capture is posted to a ticket once."""
    redacted: bool


def load(folder: Path) -> Material:
    """Return what there is to post; raises UsageError if the folder holds no report."""
    try:
        return _load(folder, visible(str(folder)))
    except OSError as error:
        raise UsageError(f"cannot read {visible(str(error.filename or folder))}: {error.strerror}") from error


def _load(folder: Path, name: str) -> Material:
    if not folder.is_dir():
        raise UsageError(f"{name} is no folder; name the folder that diagnose wrote report.md into")
    markdown = _text(folder / "report.md")
    if markdown is None:
        raise UsageError(f"{name} holds no report.md; name the folder that diagnose wrote it into")
    return Material(
        markdown=markdown,
        jira=_text(folder / "report.jira.txt"),
        pictures=_pictures(folder),
        identity=_identity(folder),
        redacted=_is_redacted(_text(folder / "report.json")),
    )


def _text(path: Path) -> str | None:
    if not os.path.lexists(path):
        return None
    with _opened(path) as file:
        content = file.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise UsageError(f"{visible(str(path))} is larger than any report ({MAX_TEXT_BYTES >> 20} MiB)")
    return content.decode(errors="replace").replace("\0", "")


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """Open a file of the folder; raises UsageError for what is none of its own: what is posted, others can read.

    A link leads elsewhere, and a pipe or device may never end.
    """
    name = visible(str(path))
    if path.is_symlink():
        raise UsageError(f"{name} is a link, and what it leads to is not posted; put the file itself there")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(f"cannot read {name}: it is no file; name the folder that diagnose wrote")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _pictures(folder: Path) -> tuple[Picture, ...]:
    """Return the pictures beside the report and one folder below; links lead elsewhere and are left out."""
    folders = [folder, *sorted(p for p in folder.iterdir() if p.is_dir() and not p.is_symlink())]
    found = [p for where in folders for p in sorted(where.glob("*.png")) if p.is_file() and not p.is_symlink()]
    small = [p for p in found if p.stat().st_size <= MAX_PICTURE_BYTES]
    return tuple(map(_picture, small[:MAX_PICTURES]))


def _picture(path: Path) -> Picture:
    with _opened(path) as file:
        return Picture(path.name, file.read(MAX_PICTURE_BYTES))


def _identity(folder: Path) -> str:
    """Return the capture's hash; of a report without its capture, the report's own."""
    capture = folder / "capture.json.gz"
    with _opened(capture if os.path.lexists(capture) else folder / "report.md") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_redacted(report: str | None) -> bool:
    try:
        document = json.loads(report or "{}")
        return document["measurements"]["capture"]["redacted"] is True
    except (ValueError, KeyError, TypeError, RecursionError):
        return False  # whatever cannot be read as redacted is treated as full of names
