"""Facts about what the service writes, and about dirty pages, in words (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts.writes import DirtyHeld, DirtyLimits, WritePace
from diagnose.escape import visible
from diagnose.report.wording.fact_registry import words
from diagnose.report.wording.writer import Writer


@words("writes.pace")
def write_pace(pace: WritePace, writer: Writer) -> str:
    """Return how much the service wrote, and whether it may be the device that is too slow for it."""
    name = visible(pace.device)
    text = f"{units.size(pace.written_bytes)}, {units.size(pace.bytes_per_second)} a second"
    if pace.may_be_slow is None:
        return f"{text}; how much of the time {name} was busy was not measured"
    busy = units.percent(pace.busy_share_at_most)
    if not pace.may_be_slow:
        return (
            f"{text}; {name} had requests in flight in at most {busy} of the capture, so that it is not its pace that "
            "holds the service back"
        )
    return (
        f"{text}; {name} may have had requests in flight in up to {busy} of the capture, so that it may be its pace "
        "that holds the service back"
    )


@words("writes.dirty_held")
def dirty_held(held: DirtyHeld, writer: Writer) -> str:
    """Return how much of the service's memory was dirty at once."""
    if held.most_bytes is None:
        return "how much of the service's pages was dirty was not measured"
    return (
        f"at the ends of the windows up to {units.size(held.most_bytes)} of the service's pages were dirty or being "
        "written"
    )


@words("writes.dirty_limits")
def dirty_limits(limits: DirtyLimits, writer: Writer) -> str:
    """Return how much may be dirty on the device and on the host."""
    parts = []
    if limits.device is not None and limits.device_bytes is not None:
        parts.append(
            f"{visible(limits.device)} may hold {units.size(limits.device_bytes)} of dirty pages (its max_bytes)"
        )
    if limits.host_bytes is not None:
        settings = ", ".join(f"{name} {units.count(value)}" for name, value in limits.host_settings)
        parts.append(f"the host may hold {units.size(limits.host_bytes)} ({settings or 'nr_dirty_threshold'})")
    return ", and ".join(parts) or "how much may be dirty was not measured"
