"""Facts about the memory limits of the service: its own, that it shares, and how often they were hit (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.analysis.limits import (
    HIT_COUNTERS,
    Limit,
    hit_below,
    limits_around,
    limits_below,
    own_limit,
    rose,
    shared_limit,
)
from diagnose.cgroups.paths import is_within
from diagnose.cgroups.settings import LIMIT_SETTINGS
from diagnose.units import ratio

MOST_NAMED = 3


@dataclass(frozen=True)
class OwnLimit:
    """The limit that the service alone feels. `of_a_part`: it is set within the service."""

    limit: Limit
    of_a_part: bool
    others_hit: tuple[str, ...]
    """Further parts of the service that hit a limit of theirs."""


@dataclass(frozen=True)
class LimitHits:
    """A limit, None where the host's memory is all there is, and how often it was hit; None: not measured."""

    limit: Limit | None
    hits: float | None
    peak_bytes: float | None
    """The most that was used of it; None: not measured."""


@dataclass(frozen=True)
class LimitUser:
    """A cgroup below a limit, and the most that it used."""

    cgroup: str
    peak_bytes: float


@dataclass(frozen=True)
class LimitUsers:
    """Who else than the service lies below a limit, who used most first. No limit: everybody shares the host."""

    limit: Limit | None
    users: tuple[LimitUser, ...]


@fact("limit.bytes", "bytes", "number", "cgroups")
def limit_bytes(f: Facts) -> float | None:
    """The service's own memory limit (the lowest on it, on an ancestor that nobody else uses, or on a part that hit
    it)."""
    own = own_limit(f.windows)
    return None if own is None else float(own.limit_bytes)


@fact("limit.own", "", "text", "cgroups")
def own(f: Facts) -> OwnLimit | None:
    """That limit by its setting and cgroup, and whether it holds for all of it."""
    limit = own_limit(f.windows)
    if limit is None:
        return None
    if is_within(f.windows.capture.service.cgroup, limit.cgroup):
        return OwnLimit(limit, of_a_part=False, others_hit=())
    others = tuple(other.cgroup for other in hit_below(f.windows) if other != limit)
    return OwnLimit(limit, of_a_part=True, others_hit=others)


@fact("limit.peak_usage_ratio", "ratio", "number", "cgroups", over_one=True)
def peak_usage_ratio(f: Facts) -> float | None:
    """Highest usage over the service's own limit."""
    own = own_limit(f.windows)
    return None if own is None else ratio(f.windows.peak(own.cgroup_id, "usage_bytes"), float(own.limit_bytes))


@fact("limit.hits", "hits", "number", "cgroups")
def hits(f: Facts) -> float | None:
    """Hits of the lowest limit that the service alone uses (and of those below it: failcnt; memory.events.local)."""
    own = own_limit(f.windows)
    # A container at its own limit is at that of its pod, too, and below the service's own limit all is the service's.
    within = f.windows.capture.service.cgroup if own is None else own.cgroup
    counted = _hits(f, *(cgroup for cgroup, path in f.windows.paths.items() if is_within(path, within)))
    # Where the settings were read, and there is no limit, none was hit.
    return 0.0 if counted is None and own is None and _settings_known(f) else counted


def _hits(f: Facts, *cgroups: int) -> float | None:
    counts = [count for cgroup in cgroups if (count := rose(f.windows, cgroup, HIT_COUNTERS)) is not None]
    return sum(counts) if counts else None


def _settings_known(f: Facts) -> bool:
    service = f.windows.capture.service.cgroup_id
    return any(c.id == service and any(s in c.settings for s in LIMIT_SETTINGS) for c in f.windows.capture.cgroups)


# ---------------------------------------------------------------- limits by name


def hit_most(f: Facts) -> Limit | None:
    """Return the limit on, in or around the service that was hit most; None: none was hit."""
    return _hit_most(f).limit


def _hit_most(f: Facts) -> LimitHits:
    limits = [*limits_around(f.windows), *limits_below(f.windows)]
    hit = [(count, limit) for limit in limits if (count := _hits(f, limit.cgroup_id))]
    found = max(hit, key=lambda pair: pair[0], default=None)
    return LimitHits(None, None, None) if found is None else _felt(f, found[1])


def _felt(f: Facts, limit: Limit) -> LimitHits:
    return LimitHits(limit, _hits(f, limit.cgroup_id), f.windows.peak(limit.cgroup_id, "usage_bytes"))


@fact("limit.hit_most", "", "text", "cgroups")
def most_hit(f: Facts) -> LimitHits | None:
    """The limit on, in or around the service that was hit most."""
    return _hit_most(f) if f.windows.probe_attached("cgroups") else None


@fact("limit.users", "", "text", "cgroups")
def users(f: Facts) -> LimitUsers | None:
    """Who else uses the limit that was hit most."""
    if not f.windows.probe_attached("cgroups"):
        return None
    limit = hit_most(f)
    return LimitUsers(limit, () if limit is None else _users(f, limit))


@fact("limit.shared", "", "text", "cgroups")
def shared(f: Facts) -> LimitHits | None:
    """The lowest limit that the service shares, or lies below."""
    if not f.windows.probe_attached("cgroups"):
        return None
    limit = shared_limit(f.windows, f.windows.capture.service.cgroup)
    return LimitHits(None, None, None) if limit is None else _felt(f, limit)


def _users(f: Facts, limit: Limit) -> tuple[LimitUser, ...]:
    """Return who else was seen below a limit with some use of it, at most `MOST_NAMED`."""
    service = f.windows.capture.service.cgroup
    beside = sorted(
        (
            (peak, record.path)
            for record in f.windows.capture.cgroups
            if is_within(record.path, limit.cgroup) and record.path != limit.cgroup
            and not is_within(record.path, service) and not is_within(service, record.path)
            and (peak := f.windows.peak(record.id, "usage_bytes"))
        ),
        reverse=True,
    )  # fmt: skip
    return tuple(LimitUser(path, peak) for peak, path in beside[:MOST_NAMED])
