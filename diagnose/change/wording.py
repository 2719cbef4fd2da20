"""Words that several messages about a change share: sizes, a change in a line, harm (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.cgroups import shown
from diagnose.change.harm import PRESSURE_BOUND, Harm, Killed, Stalled
from diagnose.change.model import Change
from diagnose.escape import visible


def size(value: int | None) -> str:
    """Write the value of a setting, rounded and exact; None: no limit."""
    return "no limit" if value is None else units.exact_size(value)


def change_line(change: Change) -> str:
    """Write a change for a terminal: "memory.high of /batch: no limit → 200 MiB (209,715,200 bytes)"."""
    return visible(f"{change.setting} of {change.cgroup}: {size(change.before_bytes)} → {size(change.after_bytes)}")


def harm_text(harm: Harm) -> str:
    """Write why a change is stopped."""
    if isinstance(harm, Killed):
        return f"{harm.kills} OOM kill(s) in {shown(harm.cgroup)}"
    if isinstance(harm, Stalled):
        whose = shown("the host" if harm.cgroup is None else harm.cgroup)
        return (
            f"memory pressure: {whose} stood still for memory {units.percent(harm.share)} of the time "
            f"(before: {units.percent(harm.usual_share)}; bound: {units.percent(PRESSURE_BOUND)})"
        )
    return "stopped by a signal"
