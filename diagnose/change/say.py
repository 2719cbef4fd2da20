"""Telling the person what happens while a change is carried out or undone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

Say = Callable[[str], None]
"""Prints a line."""


def unheard(say: Say) -> Say:
    """Return `say` for places where nothing must stop what goes on, such as a reader that went away (| head)."""

    def safely(text: str) -> None:
        with suppress(OSError):
            say(text)

    return safely
