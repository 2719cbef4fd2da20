"""Which boot of which host this is: what tells a report of this system, as it runs now, from any other."""

from __future__ import annotations

from pathlib import Path

BOOT_ID = "sys/kernel/random/boot_id"
"""Below /proc; random, new at each boot (random(4))."""


def boot_id(proc: Path) -> str | None:
    """Return the id of the running boot; None where it cannot be read (a container may hide it)."""
    try:
        return (proc / BOOT_ID).read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
