"""Raise the service's own limit, where that is what makes it reclaim its own pages (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.limits import own_limit
from diagnose.models import Recommendation
from diagnose.recommend.advice import commands, no_limit
from diagnose.recommend.sizing import MIB, RESERVE_SHARE, need, record_of


def raise_own(fired: Fired, facts: Facts) -> list[Recommendation]:
    windows = facts.windows
    limit, wanted = own_limit(windows), need(windows)
    record = record_of(windows, limit.cgroup) if limit else None
    if limit is None or wanted is None or record is None:
        return []
    value = -(-max(wanted.bytes, limit.limit_bytes) // MIB) * MIB
    lines = [f"{limit.setting} of {limit.cgroup} is {units.size(limit.limit_bytes)}", *wanted.lines]
    available = windows.capture.host_samples.values.get("meminfo.MemAvailable_bytes") or []
    spare = min((v for v in available if v is not None), default=None)
    more = value - limit.limit_bytes
    if spare is None or more > spare * (1 - RESERVE_SHARE) or more <= 0:
        why = (
            "the host's free memory was not measured" if spare is None else f"the host has {units.size(spare)} to spare"
        )
        return [
            no_limit(record, limit.setting, f"{units.size(max(more, 0))} more is wanted and {why}", lines, limit.cgroup)
        ]
    return [
        Recommendation(
            cgroup=limit.cgroup,
            setting=limit.setting,
            current_bytes=limit.limit_bytes,
            value_bytes=value,
            reason=f"{limit.cgroup} reclaims its own pages at its limit and then reads them again.",
            arithmetic=[
                *lines,
                f"rounded up to whole MiB: {value // MIB} MiB; the host has {units.size(spare)} to spare",
            ],
            expected_effect=f"at least what it fetched again in its worst {units.duration(windows.seconds)} stays "
            "cached; if the next report finds the same, raise it again.",
            risk=f"{units.size(more)} less for the rest of the host.",
            commands=commands(record, limit.setting, value, windows),
        )
    ]
