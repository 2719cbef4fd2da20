"""A plan for the person who confirms it: before → after, why, what is used now, through whom, at what risk (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.change import managers
from diagnose.change.guards import size
from diagnose.change.model import Change
from diagnose.change.plan import LeftOut, Plan, Planned
from diagnose.change.watch import PRESSURE_BOUND
from diagnose.escape import visible

_INDENT = "  "


def as_text(plan: Plan, persistent: bool, pause_seconds: float) -> str:
    """Return the plan in lines; whatever came from the report is made visible, so that it cannot draw on a terminal."""
    blocks = [_change(planned, persistent, pause_seconds) for planned in plan.changes]
    blocks += [_left_out(left) for left in plan.left_out]
    return "\n".join(blocks)


def visible_change(change: Change) -> str:
    return visible(f"{change.setting} of {change.cgroup}: {size(change.before_bytes)} → {size(change.after_bytes)}")


def _change(p: Planned, persistent: bool, pause_seconds: float) -> str:
    lines = [
        f"change {p.number}: {visible_change(p.change)}",
        f"because: {visible(p.recommendation.reason)}",
        f"now: uses {units.size(p.now.usage_bytes)}, cannot give back {units.size(p.now.held_bytes)}, "
        f"floor {units.size(p.now.floor_bytes)}",
        f"how: {_how(p, persistent, pause_seconds)}",
        f"risk: {visible(p.recommendation.risk)}",
    ]
    if p.change.name is not None:
        lines.insert(1, f"known as: {visible(p.change.name)}")
    if p.way.note:
        lines.append(f"note: {visible(p.way.note)}")
    return f"\n{_INDENT}".join(lines)


def _how(p: Planned, persistent: bool, pause_seconds: float) -> str:
    change, last = p.change, p.change.steps_bytes[-1]
    by_file = change.manager == "files"
    through = "the cgroup's file" if by_file else " ".join(managers.command_of(change, last, persistent))
    many = len(change.steps_bytes)
    if many == 1:
        return visible(through)
    return visible(
        f"{through}, in {many} steps {units.duration(pause_seconds)} apart; stops and restores after an OOM kill or "
        f"{units.percent(PRESSURE_BOUND)} of the time stalled for memory"
    )


def _left_out(left: LeftOut) -> str:
    text = f"recommendation {left.number} is not applied: {visible(left.why)}"
    if left.instead is None:
        return text
    return "\n".join([text, *(f"{_INDENT}{visible(line)}" for line in left.instead.splitlines())])
