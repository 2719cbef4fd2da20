"""The formats of cgroup files: one number, "key value" lines, pressure. What is missing or no number is None.

Parsers never raise: a kernel may add keys, and a cgroup may go while it is read.
"""

from __future__ import annotations

import re
from pathlib import Path

_NUMBER = re.compile(r"[0-9]{1,19}")
LIMIT = 2**63
"""Every counter of these files is a 64-bit number; what does not fit a signed one is no measurement."""


def read(directory: Path, name: str) -> str:
    """Return the text of a cgroup file, "" if it is missing, unreadable, no path or went away with its cgroup."""
    try:
        return (directory / name).read_text(encoding="ascii", errors="replace")
    except (OSError, ValueError):
        return ""


def number(text: str) -> int | None:
    """Return the number that `text` is; None for anything else ("max", an empty text)."""
    word = text.strip()
    if not _NUMBER.fullmatch(word) or (value := int(word)) >= LIMIT:
        return None
    return value


def keyed(text: str) -> dict[str, int]:
    """Return the numbers of "key value" lines (memory.stat, memory.events, cpu.stat)."""
    values: dict[str, int] = {}
    for line in text.split("\n"):
        key, _, rest = line.partition(" ")
        if key and (value := number(rest)) is not None:
            values[key] = value
    return values


def pressure(text: str) -> dict[str, int]:
    """Return the stalled time in µs by line ("some", "full"): `total=` of a pressure file (accounting/psi.rst)."""
    totals: dict[str, int] = {}
    for line in text.split("\n"):
        kind, _, fields = line.partition(" ")
        for field in fields.split(" "):
            name, _, value = field.partition("=")
            if name == "total" and (total := number(value)) is not None:
                totals[kind] = total
    return totals
