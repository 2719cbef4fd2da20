"""What the words of a step come to, before its commands are put beside them (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagnose.report.wording.writer import Writer

NewText = Callable[[], Writer]
"""Returns the writer for one more text: what a step says, a line of its arithmetic, its risk."""


@dataclass(frozen=True)
class StepText:
    """The texts of a `report.model.Step`."""

    says: str
    arithmetic: tuple[str, ...] = ()
    gain: str = ""
    risk: str = ""
