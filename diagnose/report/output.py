"""Where results go: a folder that is never overwritten, files that are whole or not there."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import UsageError
from diagnose.escape import visible
from diagnose.report.safe_paths import foreign_link
from diagnose.resources import ENOUGH_OPEN_FILES

if TYPE_CHECKING:
    from diagnose.capture.model import Capture

_NAME_MAX = 255
"""Of a file name, on every file system Linux has: include/uapi/linux/limits.h."""
_NO_NAMELESS_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)
"""What open(2) says to O_TMPFILE where the file system, or the kernel, does not know it."""


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
            return Written(_write_elsewhere(contents), why)
        except OSError as second:
            raise UsageError(
                f"{why}, nor could the temporary folder ({second.strerror}); {_advice(second)}"
            ) from second
    return Written(folder)


def _advice(error: OSError) -> str:
    """Return what to do about a folder that takes no file."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"raise the limit: ulimit -n {ENOUGH_OPEN_FILES}"
    return "free some space"


def _write_elsewhere(contents: dict[str, bytes]) -> Path:
    """Write the files into a new temporary folder, which is not there either if that fails."""
    folder = Path(tempfile.mkdtemp(prefix="diagnose-"))
    try:
        _write_all(folder, contents)
    except BaseException:
        with suppress(OSError):
            folder.rmdir()
        raise
    return folder


def _write_all(folder: Path, contents: dict[str, bytes]) -> None:
    """Write the files, some perhaps in folders below; after a failure, or Ctrl-C, everything is as it was before.

    A folder that is not there yet is made under another name and gets its own with all its files in it: it is whole or
    not there, also for whoever is killed while writing.
    """
    if os.path.lexists(folder):
        _write_into(folder, contents)
        return
    made: list[Path] = []
    beside: Path | None = None
    try:
        _make_folder(folder.parent, made)
        unfinished = folder.parent / f".diagnose-{os.urandom(8).hex()}"
        unfinished.mkdir(0o755)
        beside = unfinished
        _write_into(beside, contents)
        beside.rename(folder)
    except BaseException:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
        with suppress(OSError):
            for above in reversed(made):
                above.rmdir()
        raise


def _write_into(folder: Path, contents: dict[str, bytes]) -> None:
    """Write the files into a folder. All are written before the first gets its name: whoever is killed while writing
    leaves nothing, or nearly all."""
    made: list[Path] = []
    named: list[Path] = []
    try:
        with ExitStack() as stack:
            ready = []
            for name, content in contents.items():
                path = folder / name
                _make_folder(path.parent, made)
                ready.append((path, stack.enter_context(written(path, content))))
            for path, name_it in ready:
                name_it(path)
                named.append(path)
    except BaseException:
        with suppress(OSError):  # a folder that is gone, or read-only now: what failed first is worth more
            for path in named:
                path.unlink(missing_ok=True)
            for below in reversed(made):
                below.rmdir()
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it that are missing, which only their owner can write to, whatever the umask."""
    for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
        with suppress(FileExistsError):  # somebody else made it meanwhile; what is no folder fails the files
            missing.mkdir(0o755)
            made.append(missing)


@contextmanager
def written(path: Path, content: bytes) -> Iterator[Callable[[Path], None]]:
    """Write what is to become `path`; yields what names it: never over an existing file, nor through a link.

    Until then it has no name at all, and is gone with this process, where the file system can do that (O_TMPFILE,
    open(2); NFS for one cannot); elsewhere it has another name beside.
    """
    try:
        descriptor = os.open(path.parent, os.O_WRONLY | os.O_TMPFILE, 0o644)
    except OSError as error:
        if error.errno not in _NO_NAMELESS_FILES:
            raise
        with _written_beside(path, content) as name_it:
            yield name_it
        return
    with _filled(descriptor, content):
        # With a descriptor Python calls linkat(2), which follows the link in /proc when told to; link(2) does not.
        yield lambda target: os.link(f"/proc/self/fd/{descriptor}", target, src_dir_fd=descriptor, follow_symlinks=True)


@contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[Callable[[Path], None]]:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with _filled(descriptor, content):
            yield lambda target: os.link(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _filled(descriptor: int, content: bytes) -> Iterator[None]:
    """Write the content down to the disk; the file is open until the end."""
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        yield


def folder_for(output: Path | None, capture: Capture) -> Path:
    """Return the folder asked for, or the default one, named after the service and the capture's start."""
    return output if output is not None else default_folder(capture.service.name, capture.start)
