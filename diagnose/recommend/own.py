"""Raise the limit that makes the service reclaim its own pages: its own, or the one it shares (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.limits import Limit, limit_above, own_limit, shared_limit
from diagnose.models import Recommendation
from diagnose.recommend.advice import commands, no_limit, undo
from diagnose.recommend.need import Need, need
from diagnose.recommend.prediction import OWN_CAUSES, PRESSURE_CAUSES, Prediction, predict, waited_for
from diagnose.recommend.sizing import MIB, RESERVE_SHARE, others, record_of
from diagnose.windows import Windows


def raise_own(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a higher limit for the service, within what the limits above it and the host have to give."""
    windows = facts.windows
    limit, wanted = own_limit(windows), need(windows)
    if limit is None or wanted is None:
        return []
    waited = waited_for(facts, OWN_CAUSES, windows.service_ids)
    reason = f"{limit.cgroup} reclaims its own pages at its limit and then reads them again."
    return _raised(windows, limit, wanted, 0, [], reason, predict(facts, waited, wanted.avoided))


def raise_shared(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a higher limit for the cgroup that the service lies in with others, as far as the host has it to give."""
    windows, service = facts.windows, facts.windows.capture.service.cgroup
    limit, wanted = shared_limit(windows, service), need(windows)
    if limit is None or wanted is None or limit == own_limit(windows):
        return []
    rest = others(windows, [], limit.cgroup)
    if rest is None:
        return []
    reason = f"{service} needs more than others leave it of the {units.size(limit.limit_bytes)} that they share there."
    prediction = predict(facts, waited_for(facts, PRESSURE_CAUSES), wanted.avoided)
    return _raised(windows, limit, wanted, rest.bytes, list(rest.lines), reason, prediction)


def _raised(
    windows: Windows, limit: Limit, wanted: Need, rest: int, more_lines: list[str], reason: str,
    prediction: Prediction | None,
) -> list[Recommendation]:  # fmt: skip
    record = record_of(windows, limit.cgroup)
    if record is None:
        return []
    reserve = int((wanted.bytes + rest) * RESERVE_SHARE)
    value = -(-(wanted.bytes + rest + reserve) // MIB) * MIB
    more, (room, whose) = value - limit.limit_bytes, _room_above(windows, limit)
    lines = [
        f"{limit.setting} of {limit.cgroup} is {units.size(limit.limit_bytes)}",
        *wanted.lines,
        *([prediction.hit_ratio_line()] if prediction else []),
        *more_lines,
        f"{units.percent(RESERVE_SHARE)} of that in reserve: {units.size(reserve)}",
    ]
    if room is not None:
        lines.append(f"{whose} leaves room for {units.size(room)} more")
    if wanted.bytes + rest <= limit.limit_bytes or room is None or more > room:
        why = _why_not(wanted.bytes + rest - limit.limit_bytes, more, room, whose)
        lacking = None if room is None or more <= room else more - room
        return [no_limit(record, limit.setting, why, lines, limit.cgroup, lacking)]
    return [
        Recommendation(
            cgroup=limit.cgroup,
            setting=limit.setting,
            current_bytes=limit.limit_bytes,
            value_bytes=value,
            reason=reason,
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


def _why_not(lacking: int, more: int, room: int | None, whose: str) -> str:
    if lacking <= 0:
        return "what it needs by this capture fits into its limit already; a longer capture may tell more"
    if room is None:
        return f"{units.size(more)} more is wanted, and how much {whose} has to spare was not measured"
    return f"{units.size(more)} more is wanted, and {whose} leaves room for {units.size(room)}"
