"""Names that tell who made a thing: `diagnose-demo-<pid>` with an optional `-suffix`."""

from __future__ import annotations

import os
import re
from pathlib import Path

PREFIX = "diagnose-demo-"
_NAME = re.compile(rf"{PREFIX}(\d+)(-.*)?")


def own_name() -> str:
    """Return the name for what this process makes."""
    return f"{PREFIX}{os.getpid()}"


def owner_is_gone(name: str) -> bool:
    """Say whether `name` was left by a lab that no longer runs.

    This process's own pid counts as gone: it looks for leftovers before it makes anything.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    pid = int(match[1])
    return pid == os.getpid() or not Path(f"/proc/{pid}").exists()
