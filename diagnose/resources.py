"""Where `rules/`, `bpf/` and `reports/` are: beside the package in a checkout, inside it in an installed wheel.

Never the current folder: what root loads must not depend on where root happens to stand.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin:/run/current-system/sw/bin"
"""Where root's programs are, whatever its PATH says: nobody else writes there."""
ENOUGH_OPEN_FILES = 512
"""At once, in a process: a measurement holds about 100 (programs, maps), a report with its charts 30."""
_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder `name` ("rules", "bpf" or "reports"); raises FileNotFoundError if the installation lacks it."""
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"this installation of diagnose lacks its {name}/ folder; reinstall the package")


@contextmanager
def away() -> Iterator[None]:
    """Leave the current folder meanwhile, in which a library would look for files or to which it would ask its way."""
    here = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir("/")
        yield
    finally:
        os.fchdir(here)
        os.close(here)
