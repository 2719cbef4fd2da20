"""The way back for the person who confirms it: what was, what will be, through whom (pure)."""

from __future__ import annotations

from diagnose.cgroups import shown
from diagnose.change.way_back import Leave
from diagnose.change.wording import size

_LEFT = {
    "restored": "is {before} already, as before the change",
    "gone": "the cgroup is gone, and its setting with it",
    "forgotten": "the cgroup is gone, and {manager} has nothing of this change for the next one",
    "kept": "the cgroup is gone; {manager} keeps the value for the next one and has no word for {before}: set it there",
    "recreated": "the cgroup was removed and made anew; the new one never had this change and is left alone",
}


def left_line(left: Leave) -> str:
    """Write why nothing is left of a change."""
    change = left.change
    why = _LEFT[left.why].format(before=size(change.before_bytes), manager=change.manager)
    return f"{change.setting} of {shown(change.cgroup)}: {why}"
