"""The workloads' files: real blocks on a disk, and nothing of them cached until a program reads them."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diagnose.lab.task import CHUNK, Task

WRITE_CHUNK = 4 << 20


@contextmanager
def prepared_file(
    task: Task, warm: bool = True, random_access: bool = False, folder: Path | None = None, flags: int = 0
) -> Iterator[int]:
    """Write the program's file (real blocks, nothing cached), read it into the cache if `warm`, and open it."""
    path = (folder or task.folder) / f"{task.role}.data"
    size = int(task.options["bytes"])
    write_blocks(path, size)
    task.step()
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        if random_access:
            # As databases do. Without it one miss reads in its neighbours, and large folios share one "accessed" bit.
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        for offset in range(0, size if warm else 0, CHUNK):
            os.pread(fd, CHUNK, offset)
        task.step()
        yield fd
    finally:
        os.close(fd)


def write_blocks(path: Path, size: int) -> None:
    """Write `size` bytes that cost real I/O to read again, and leave none of them in the page cache.

    Direct I/O where the file system has it. Random content: no file system can compress or deduplicate it away.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    try:
        fd = os.open(path, flags | os.O_DIRECT, 0o600)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        path.unlink(missing_ok=True)  # some file systems create the file before they refuse the flag
        fd = os.open(path, flags, 0o600)
    try:
        with mmap.mmap(-1, WRITE_CHUNK) as block:  # page-aligned, as direct I/O wants it
            block.write(os.urandom(WRITE_CHUNK))
            for number, offset in enumerate(range(0, size, WRITE_CHUNK)):
                block[:8] = offset.to_bytes(8, "little")
                _write_all(fd, block, min(WRITE_CHUNK, size - offset))
                if number % 8 == 7:
                    _flush(fd)
        _flush(fd)
    finally:
        os.close(fd)


def _write_all(fd: int, block: mmap.mmap, size: int) -> None:
    with memoryview(block) as view:
        done = 0
        while done < size:
            done += os.write(fd, view[done:size])


def _flush(fd: int) -> None:
    """Write back and drop what was written so far: dirty pages must stay far below the cgroup's limit."""
    os.fdatasync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
