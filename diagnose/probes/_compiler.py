"""The compiler that comes with bcc: once the programs are loaded, its memory is given back.

libLLVM and libclang leave some 80 MiB of their code mapped and read in, and a heap that the C library keeps. A capture
needs none of it. What is called again after all is read in again by the kernel, from the file.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

LIBRARIES = ("libLLVM", "libclang", "libbcc")
_MADV_DONTNEED = 4
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ [1-9]\d* +(/.*)")
"""Code of a file (proc_pid_maps(5)): never written to, so that nothing is lost with it. Data is left alone."""


def give_back(maps: Path = Path("/proc/self/maps"), libraries: tuple[str, ...] = LIBRARIES) -> None:
    """Give back what the compiler took of resident memory; where the C library cannot, nothing changes."""
    libc = ctypes.CDLL(None)
    for start, size in code(maps.read_text(errors="replace"), libraries):
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _MADV_DONTNEED)
    if hasattr(libc, "malloc_trim"):  # glibc
        libc.malloc_trim(0)


def code(maps: str, libraries: tuple[str, ...] = LIBRARIES) -> Iterator[tuple[int, int]]:
    """Yield address and length in bytes of the code of some libraries, by the text of /proc/self/maps (pure)."""
    for line in maps.splitlines():
        found = _MAPPING.fullmatch(line)
        if found and Path(found[3]).name.startswith(libraries):
            start, end = int(found[1], 16), int(found[2], 16)
            yield start, end - start
