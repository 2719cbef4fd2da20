"""The way back for the person who confirms it: what was, what will be, through whom (pure)."""

from __future__ import annotations

from diagnose.cgroups import shown
from diagnose.change.way_back import Action, Leave, Tell, WayBack
from diagnose.change.wording import size
from diagnose.escape import visible

_LEFT = {
    "restored": "is {before} already, as before the change",
    "gone": "the cgroup is gone, and its setting with it",
    "forgotten": "the cgroup is gone, and {manager} has nothing of this change for the next one",
    "kept": "the cgroup is gone; {manager} keeps the value for the next one and has no word for {before}: set it there",
    "recreated": "the cgroup was removed and recreated; the new one never had this change and is left alone",
}


def as_lines(way: WayBack) -> list[str]:
    """Write what would be done, in lines that cannot draw on a terminal."""
    if way.booted:
        return ["this host was booted since the change: the settings went with their cgroups"]
    return [visible(_line(action)) for action in way.actions]


def _line(action: Action) -> str:
    change = action.change
    what = f"{change.setting} of {shown(change.cgroup)}"
    if isinstance(action, Leave):
        return f"{what}: {_LEFT[action.why].format(before=size(change.before_bytes), manager=change.manager)}"
    if isinstance(action, Tell):
        return f"to tell: {change.manager} sets {action.value} for {what}, whose cgroup is gone"
    through = "the cgroup's file" if change.manager == "files" else change.manager
    was = "" if action.recorded == change.cgroup else f" (it was {shown(action.recorded)})"
    return f"to restore: {what}{was}: {size(action.current)} → {size(change.before_bytes)}, through {through}"
