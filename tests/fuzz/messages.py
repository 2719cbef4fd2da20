"""What a person reads of a failure."""

from __future__ import annotations

from diagnose.errors import DiagnoseError


def in_lines(error: DiagnoseError) -> None:
    """A message is what a terminal can show: lines of printable characters, and not a screenful of them."""
    message = str(error)
    assert all(line.isprintable() for line in message.split("\n")), repr(message)
    assert 0 < len(message) < 5000, f"{len(message)} characters: {message[:200]!r}"
