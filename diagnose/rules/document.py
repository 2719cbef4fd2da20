"""What a rule file holds: its data, with the line of every key for messages (`yaml_files.py` reads it)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnose.errors import UsageError
from diagnose.escape import shortened

MAX_MESSAGE = 1_000
"""Columns of a message; what it quotes may be as long as a scalar."""

Place = tuple[str | int, ...]
"""Where in a file: ("when", "all", 2, "at_least")."""
Problem = tuple[Place, str]
"""Where something is wrong, and what to write instead."""


@dataclass(frozen=True)
class Document:
    """The data of a file, and the line (from 1) of every mapping key and list item."""

    path: Path
    data: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place that contains it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, message: str) -> UsageError:
        """Return an error that names file, line and key."""
        return UsageError(self.describe(place, message))

    def describe(self, place: Place, message: str, kind: str = "") -> str:
        """Return the message with its place, on one line: whatever it quotes of the file is made visible."""
        key = "".join(f"[{p}]" if isinstance(p, int) else f".{shown(p)}" for p in place).lstrip(".")
        where = f"{self.path}:{self.line(place)}: {kind + ': ' if kind else ''}"
        return f"{where}{key + ': ' if key else ''}{shortened(message, MAX_MESSAGE)}"

    def value(self, place: Place) -> Any:
        """Return what the file has at a place; None where it has nothing."""
        value = self.data
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def shown(text: str) -> str:
    """Return text from a file, fit for a message on one line of a terminal: short, and without control characters."""
    return "".join(c if c.isprintable() else "?" for c in text[:80]) + ("…" if len(text) > 80 else "")
