"""Facts about the memory limit of the service (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.analysis.limits import (
    HIT_COUNTERS,
    LIMIT_SETTINGS,
    Limit,
    hit_below,
    limits_around,
    limits_below,
    own_limit,
    rose,
    shared_limit,
)
from diagnose.cgroups.paths import is_within
from diagnose.units import ratio


@fact("limit.bytes", "bytes", "number", "cgroups")
def limit_bytes(f: Facts) -> float | None:
    """The service's own memory limit (the lowest on it, on an ancestor that nobody else uses, or on a part that hit
    it)."""
    own = own_limit(f.windows)
    return None if own is None else float(own.limit_bytes)


@fact("limit.own", "", "text", "cgroups")
def own(f: Facts) -> str | None:
    """That limit by its setting and cgroup, and whether it holds for all of it."""
    own = own_limit(f.windows)
    if own is None:
        return None
    if is_within(f.windows.capture.service.cgroup, own.cgroup):
        return _told(own)
    others = [limit.cgroup for limit in hit_below(f.windows) if limit != own]
    more = f"; those of {_names(others)} were hit, too" if others else ""
    return f"{_told(own)}, which holds for that part of the service alone{more}"


def _names(cgroups: list[str]) -> str:
    more = [f"{len(cgroups) - 3} more"] if len(cgroups) > 3 else []
    return " and ".join([*cgroups[:3], *more])


@fact("limit.peak_usage_ratio", "ratio", "number", "cgroups")
def peak_usage_ratio(f: Facts) -> float | None:
    """Highest usage over the service's own limit."""
    own = own_limit(f.windows)
    return None if own is None else ratio(f.windows.peak(own.cgroup_id, "usage_bytes"), float(own.limit_bytes))


@fact("limit.hits", "hits", "number", "cgroups")
def limit_hits(f: Facts) -> float | None:
    """Hits of the lowest limit that the service alone uses (and of those below it: failcnt; memory.events.local)."""
    own = own_limit(f.windows)
    # A container at its own limit is at that of its pod, too, and below the service's own limit all is the service's.
    within = f.windows.capture.service.cgroup if own is None else own.cgroup
    hits = _hits(f, *(cgroup for cgroup, path in f.windows.paths.items() if is_within(path, within)))
    # Where the settings were read, and there is no limit, none was hit.
    return 0.0 if hits is None and own is None and _settings_known(f) else hits


def _hits(f: Facts, *cgroups: int) -> float | None:
    counts = [count for cgroup in cgroups if (count := rose(f.windows, cgroup, HIT_COUNTERS)) is not None]
    return sum(counts) if counts else None


def _settings_known(f: Facts) -> bool:
    service = f.windows.capture.service.cgroup_id
    return any(c.id == service and any(s in c.settings for s in LIMIT_SETTINGS) for c in f.windows.capture.cgroups)


# ---------------------------------------------------------------- limits by name, for the texts


def _hit_most(f: Facts) -> tuple[float, Limit] | None:
    limits = [*limits_around(f.windows), *limits_below(f.windows)]
    hits = [(count, limit) for limit in limits if (count := _hits(f, limit.cgroup_id))]
    return max(hits, key=lambda hit: hit[0], default=None)


def hit_most(f: Facts) -> Limit | None:
    """Return the limit on, in or around the service that was hit most; None: none was hit."""
    found = _hit_most(f)
    return None if found is None else found[1]


@fact("limit.hit_most", "", "text", "cgroups")
def most_hit(f: Facts) -> str | None:
    """The limit on, in or around the service that was hit most."""
    if not f.windows.probe_attached("cgroups"):
        return None
    found = _hit_most(f)
    if found is None:
        return "the host's memory, since no memory limit on, in or around the service was seen to be hit"
    return f"{_told(found[1])}, hit {_times(found[0])}"


@fact("limit.users", "", "text", "cgroups")
def users(f: Facts) -> str | None:
    """Who else uses the limit that was hit most."""
    if not f.windows.probe_attached("cgroups"):
        return None
    found = _hit_most(f)
    return "everybody on the host shares it" if found is None else _users(f, found[1])


@fact("limit.shared", "", "text", "cgroups")
def shared(f: Facts) -> str | None:
    """The lowest limit that the service shares, or lies below."""
    if not f.windows.probe_attached("cgroups"):
        return None
    limit = shared_limit(f.windows, f.windows.capture.service.cgroup)
    if limit is None:
        return "no memory limit lies around it, so what it shares is the host's memory"
    hits, peak = _hits(f, limit.cgroup_id), f.windows.peak(limit.cgroup_id, "usage_bytes")
    used = "" if peak is None else f", of which up to {units.size(peak)} were used"
    often = "an unknown number of times" if hits is None else _times(hits)
    return f"the limit around it, {_told(limit)}{used}, was {'not hit' if hits == 0 else f'hit {often}'}"


def _told(limit: Limit) -> str:
    return f"{limit.setting} of {limit.cgroup} ({units.size(limit.limit_bytes)})"


def _times(count: float) -> str:
    return f"{units.count(count)} {units.plural(count, 'time', 'times')}"


def _users(f: Facts, limit: Limit) -> str:
    """Say who else was seen below a limit, and how much of it each used at its peak."""
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
    if not beside:
        return "nobody else was seen below it"
    named = ", ".join(f"{path} (up to {units.size(peak)})" for peak, path in beside[:3])
    return f"also below it: {named}"
