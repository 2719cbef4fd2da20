"""Facts about the memory limit of the service (pure)."""

from __future__ import annotations

from diagnose.facts.vocabulary import Facts, fact, ratio, total
from diagnose.limits import own_limit


@fact(
    "limit.bytes",
    "bytes",
    "number",
    "cgroups",
    "the lowest memory limit of the service or of an ancestor that nobody else uses",
)
def _(f: Facts, _n: str | None) -> float | None:
    own = own_limit(f.windows)
    return None if own is None else float(own.limit_bytes)


@fact("limit.peak_usage_ratio", "ratio", "number", "cgroups", "highest usage during the capture over that limit")
def _(f: Facts, _n: str | None) -> float | None:
    own = own_limit(f.windows)
    return None if own is None else ratio(f.windows.peak(own.cgroup_id, "usage_bytes"), float(own.limit_bytes))


@fact(
    "limit.hits",
    "events",
    "number",
    "cgroups",
    "times that limit was hit during the capture (failcnt; memory.events max, high)",
)
def _(f: Facts, _n: str | None) -> float | None:
    own = own_limit(f.windows)
    if own is None:
        return None
    counters = [total(f.windows.increase(own.cgroup_id, key)) for key in ("limit_hits", "high_hits")]
    return sum(c for c in counters if c is not None) if any(c is not None for c in counters) else None
