"""Raise the service's own limit, where that is what makes it reclaim its own pages (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.limits import Limit, limit_above, own_limit
from diagnose.models import Recommendation
from diagnose.recommend.advice import commands, no_limit, undo
from diagnose.recommend.prediction import predict
from diagnose.recommend.sizing import MIB, RESERVE_SHARE, need, record_of
from diagnose.windows import Windows


def raise_own(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a higher limit for the service, within what the limits above it and the host have to give."""
    windows = facts.windows
    limit, wanted = own_limit(windows), need(windows)
    record = record_of(windows, limit.cgroup) if limit else None
    if limit is None or wanted is None or record is None:
        return []
    value = -(-wanted.bytes // MIB) * MIB
    more, (room, whose) = value - limit.limit_bytes, _room_above(windows, limit)
    lines = [f"{limit.setting} of {limit.cgroup} is {units.size(limit.limit_bytes)}", *wanted.lines]
    if room is not None:
        lines.append(f"{whose} leaves room for {units.size(room)} more")
    if more <= 0 or room is None or more > room:
        return [no_limit(record, limit.setting, _why_not(more, room, whose), lines, limit.cgroup)]
    prediction = predict(facts, _own_blamed(facts))
    return [
        Recommendation(
            cgroup=limit.cgroup,
            setting=limit.setting,
            current_bytes=limit.limit_bytes,
            value_bytes=value,
            reason=f"{limit.cgroup} reclaims its own pages at its limit and then reads them again.",
            arithmetic=[*lines, f"in whole MiB: {value // MIB} MiB, {units.size(more)} more"],
            expected_effect=prediction.sentence() if prediction else "its own reclaim ends.",
            risk=f"{units.size(more)} less for others who share {whose}.",
            commands=commands(record, limit.setting, value, windows),
            undo=undo(record, limit.setting, windows),
        )
    ]


def _room_above(windows: Windows, limit: Limit) -> tuple[int | None, str]:
    """Return how many bytes more the service may take, and what bounds them; None: not measured."""
    available = [
        v for v in windows.capture.host_samples.values.get("meminfo.MemAvailable_bytes") or [] if v is not None
    ]
    spare = int(min(available) * (1 - RESERVE_SHARE)) if available else None
    above = limit_above(windows, limit.cgroup)
    if above is None:
        return spare, "the host"
    used = windows.peak(above.cgroup_id, "usage_bytes")
    left = None if used is None else max(0, int(above.limit_bytes - used))
    # Below a limit of its own the room is what nobody used there; cache of others would have to make way.
    if left is not None and (spare is None or left < spare):
        return left, f"{above.setting} of {above.cgroup}"
    return spare, "the host"


def _why_not(more: int, room: int | None, whose: str) -> str:
    if more <= 0:
        return "what it needs by this capture fits into its limit already; a longer capture may tell more"
    if room is None:
        return f"{units.size(more)} more is wanted, and how much {whose} has to spare was not measured"
    return f"{units.size(more)} more is wanted, and {whose} leaves room for {units.size(room)}"


def _own_blamed(facts: Facts) -> float | None:
    share, reads = facts.number("blame.by_self_share"), facts.number("blame.reads")
    return None if share is None or reads is None else share * reads
