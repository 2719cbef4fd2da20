"""What every step is: commands for a shell, what undoes them, and what can go wrong (pure).

Each kind of step is a dataclass beside the function that works it out; `report/wording/steps.py` writes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts.pressure import HostRoom


@dataclass(frozen=True, kw_only=True)
class LessReclaimed:
    """The host reclaims less, so that its memory fills up sooner."""

    host_room: HostRoom | None
    """None: it was not measured."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do by hand: a change with what undoes it, or (nothing to undo) where to look."""

    commands: tuple[str, ...]
    undo: tuple[str, ...] = ()
    risk: LessReclaimed | None = None
    """None: nothing to tell, or the rule's own advice tells it."""
