"""Which values of a setting are this change's own: any other was set by somebody else, and stays (pure)."""

from __future__ import annotations

import mmap

from diagnose.change.model import Change, State


def ours(change: Change, state: State) -> set[int | None]:
    """Return the values, in bytes (None: no limit), in which a change of this state can have left a setting."""
    if state == "applying":
        return {*change.steps_bytes, change.after_bytes, *_of_manager(change)}
    if state == "rolling-back" and change.back_bytes:
        return {*change.back_bytes, *_of_manager(change)}
    return {change.after_bytes}


def _of_manager(change: Change) -> set[int | None]:
    """Return what systemd writes when it is given back its own idea; the file gets its last word after that."""
    if not change.manager_before:
        return set()
    if change.manager_before == "infinity":
        return {None}
    return {int(change.manager_before) // mmap.PAGESIZE * mmap.PAGESIZE}
