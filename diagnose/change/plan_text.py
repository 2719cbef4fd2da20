"""A plan for the person who confirms it: before → after, why, what is used now, through whom, at what risk (pure)."""

from __future__ import annotations

import shlex

from diagnose import units
from diagnose.change import managers
from diagnose.change.harm import PRESSURE_BOUND
from diagnose.change.plan import LeftOut, NoValue, Plan, Planned
from diagnose.change.wording import change_line
from diagnose.escape import visible

_INDENT = "  "


def as_text(plan: Plan, persistent: bool, pause_seconds: float) -> str:
    """Return the plan in lines; whatever came from the report is made visible, so that it cannot draw on a terminal."""
    blocks = [_change(planned, persistent, pause_seconds) for planned in plan.changes]
    blocks += [_left_out(left) for left in plan.left_out]
    return "\n".join(blocks)


def _change(p: Planned, persistent: bool, pause_seconds: float) -> str:
    lines = [
        f"change {p.number}: {change_line(p.change)}",
        f"because: {visible(p.recommendation.reason)}",
        f"now: uses {units.size(p.now.usage_bytes)}, cannot give back {units.size(p.now.held_bytes)}, "
        f"floor {units.size(p.now.floor_bytes)}",
        f"how: {_how(p, persistent, pause_seconds)}",
        f"risk: {visible(p.recommendation.risk)}",
    ]
    if p.change.name is not None:
        lines.insert(1, f"known as: {visible(p.change.name)}")
    if p.way.unsupported_by is not None:
        lines.append(f"note: {visible(_unsupported(p))}")
    return f"\n{_INDENT}".join(lines)


def _how(p: Planned, persistent: bool, pause_seconds: float) -> str:
    change, last = p.change, p.change.steps_bytes[-1]
    by_file = change.manager == "files"
    through = "the cgroup's file" if by_file else shlex.join(managers.command_of(change, last, persistent))
    many = len(change.steps_bytes)
    if many == 1:
        return visible(through)
    return visible(
        f"{through}, in {many} steps {units.duration(pause_seconds)} apart; stops and restores after an OOM kill or "
        f"{units.percent(PRESSURE_BOUND)} of the time stalled for memory"
    )


def _unsupported(p: Planned) -> str:
    """Write what the manager of the cgroup cannot do, and what comes of it."""
    manager, setting = p.way.unsupported_by, p.change.setting
    if manager == "systemd":
        return f"systemd has no property for {setting}"
    return f"{manager} has no option for {setting}: its next start of the container resets it"


def _left_out(left: LeftOut) -> str:
    head = f"recommendation {left.number} is not applied:"
    if isinstance(left.why, NoValue):
        return f"{head} it has no value to apply: {visible(left.why.reason)}"
    text = f"{head} kubelet manages this cgroup and would undo a change on the node; in the cluster:"
    return "\n".join([text, *(f"{_INDENT}{visible(line)}" for line in left.why.patch.splitlines())])
