"""Facts about the memory limit of the service (pure)."""

from __future__ import annotations

from diagnose.facts.vocabulary import Facts, fact, ratio, total
from diagnose.limits import LIMIT_SETTINGS, own_limit


@fact(
    "limit.bytes",
    "bytes",
    "number",
    "cgroups",
    "the service's own memory limit (the lowest on it or on an ancestor that nobody else uses)",
)
def _(f: Facts, _n: str | None) -> float | None:
    own = own_limit(f.windows)
    return None if own is None else float(own.limit_bytes)


@fact("limit.peak_usage_ratio", "ratio", "number", "cgroups", "highest usage over the service's own limit")
def _(f: Facts, _n: str | None) -> float | None:
    own = own_limit(f.windows)
    return None if own is None else ratio(f.windows.peak(own.cgroup_id, "usage_bytes"), float(own.limit_bytes))


@fact(
    "limit.hits",
    "hits",
    "number",
    "cgroups",
    "hits of the service's own limit (failcnt; memory.events max and high)",
)
def _(f: Facts, _n: str | None) -> float | None:
    own = own_limit(f.windows)
    if own is None:
        # Where the settings were read, and there is no limit, none was hit.
        return 0.0 if _settings_known(f) else None
    counters = [total(f.windows.increase(own.cgroup_id, key)) for key in ("limit_hits", "high_hits")]
    return sum(c for c in counters if c is not None) if any(c is not None for c in counters) else None


def _settings_known(f: Facts) -> bool:
    service = f.windows.capture.service.cgroup_id
    return any(c.id == service and any(s in c.settings for s in LIMIT_SETTINGS) for c in f.windows.capture.cgroups)
