"""The digests of what this host's root wrote: reports that it measured, records in force. Nothing edited has one.

Anybody can compute the digest of a record that they edited. So each is kept, too, where root alone can write: a file
named after it in a folder of the running boot, for the change goes with the boot, and a report is obeyed in its own.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from diagnose.change.owner import doubt

FOLDER = "var/lib/diagnose"
"""Below the root."""
MOST = 1000
"""The oldest go first; a change that is undone takes its own along."""
_DIGEST, _NAME = re.compile(r"sha256:([0-9a-f]{64})"), re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Kept:
    """`folder` belongs to `owner`; `boot` is the id of the running boot."""

    folder: Path
    boot: str
    owner: int

    def knows(self, digest: str) -> bool | None:
        """Tell whether a record of this digest was kept; None: this host keeps none, or not where root alone writes."""
        try:
            if not self.folder.is_dir() or doubt(self.folder, self.owner) is not None:
                return None
            return self._file(digest).is_file()
        except OSError:
            return None

    def keep(self, digest: str, instead_of: str | None = None) -> None:
        """Keep a digest, on disk when this returns; raises OSError.

        `instead_of`: that of the same record before; its file gets a second name, so that a full disk is no obstacle.
        """
        self._make()
        with suppress(FileExistsError):
            if instead_of is None:
                os.close(os.open(self._file(digest), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            else:
                os.link(self._file(instead_of), self._file(digest))
        descriptor = os.open(self._file(digest).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def keep_only(self, digest: str) -> None:
        """Forget what the record of this digest had before, also in a run that was killed."""
        with suppress(OSError):
            for name in self._names(digest):
                if name != self._file(digest):
                    name.unlink()

    def drop(self, digest: str) -> None:
        """Forget a record; one that is not known, or cannot be removed, does no harm."""
        with suppress(OSError):
            for name in self._names(digest):
                name.unlink()

    def _names(self, digest: str) -> list[Path]:
        """Return every name of a record's file: its digest, and those that it had before."""
        file = self._file(digest)
        number = file.lstat().st_ino
        return [name for name in file.parent.iterdir() if name.lstat().st_ino == number]

    def _file(self, digest: str) -> Path:
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise FileNotFoundError(errno.ENOENT, f"{digest} is no digest")
        return self.folder / self.boot / match[1]

    def _make(self) -> None:
        """Make the folder of this boot, and remove those of others and the oldest digests.

        /var/lib is the system's: where it is missing, nothing is kept.
        """
        for folder in (self.folder.parent, self.folder, self.folder / self.boot):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        if doubt(self.folder / self.boot, self.owner) is not None:
            raise PermissionError(errno.EACCES, "it is not root's alone")
        for other in self.folder.iterdir():
            if other.name != self.boot and other.is_dir():
                _forget(other, 0)
                with suppress(OSError):
                    other.rmdir()
        _forget(self.folder / self.boot, MOST - 1)


def _forget(folder: Path, but: int) -> None:
    """Remove all digests of a folder but so many, the oldest first."""
    digests = (file for file in folder.iterdir() if _NAME.fullmatch(file.name))
    kept = sorted(digests, key=lambda file: file.lstat().st_mtime)
    for file in kept[: max(len(kept) - but, 0)]:
        file.unlink(missing_ok=True)
