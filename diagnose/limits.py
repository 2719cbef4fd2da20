"""The memory limits around the service: its own, and the room it shares with others (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.cgroups.paths import is_within
from diagnose.models import CgroupRecord
from diagnose.windows import Windows

LIMIT_SETTINGS = ("memory.max", "memory.high", "memory.limit_in_bytes")


@dataclass(frozen=True)
class Limit:
    """A limit in force: on which cgroup, through which file, how many bytes."""

    cgroup: str
    cgroup_id: int
    setting: str
    limit_bytes: int


def _lowest(record: CgroupRecord) -> Limit | None:
    limits = [Limit(record.path, record.id, s, v) for s in LIMIT_SETTINGS if (v := record.settings.get(s)) is not None]
    return min(limits, key=lambda limit: limit.limit_bytes, default=None)


def _chain(windows: Windows) -> list[CgroupRecord]:
    """Return the service's cgroup and its ancestors, nearest first."""
    service = windows.capture.service.cgroup
    chain = [c for c in windows.capture.cgroups if is_within(service, c.path)]
    return sorted(chain, key=lambda c: -len(c.path))


def _shared(windows: Windows, cgroup: str) -> bool:
    """Whether anybody else was seen below a cgroup; those that the service lies in are nobody else."""
    service = windows.capture.service.cgroup
    below = (p for p in windows.paths.values() if is_within(p, cgroup))
    return any(not is_within(p, service) and not is_within(service, p) for p in below)


def own_limit(windows: Windows) -> Limit | None:
    """Return the lowest limit that only the service feels: on its cgroup, or on ancestors that hold nobody else."""
    limits = []
    for record in _chain(windows):
        if _shared(windows, record.path):
            break
        if (limit := _lowest(record)) is not None:
            limits.append(limit)
    return min(limits, key=lambda limit: limit.limit_bytes, default=None)


def limits_around(windows: Windows) -> list[Limit]:
    """Return the lowest limit of the service's cgroup and of each ancestor that has one, nearest first."""
    return [limit for record in _chain(windows) if (limit := _lowest(record)) is not None]


def limits_above(windows: Windows, cgroup: str) -> list[Limit]:
    """Return the lowest limit of each ancestor of one of the service's own cgroups that has one, nearest first."""
    above = [r for r in _chain(windows) if r.path != cgroup and is_within(cgroup, r.path)]
    return [limit for record in above if (limit := _lowest(record)) is not None]


def shared_limit(windows: Windows, neighbour: str) -> Limit | None:
    """Return the lowest limit on a cgroup that holds both the service and a neighbour; None: the host is the limit."""
    return min(_shared_limits(windows, neighbour), key=lambda limit: limit.limit_bytes, default=None)


def room_limit(windows: Windows, neighbour: str) -> Limit | None:
    """Return the limit that makes the two compete for memory; None: what the host has does.

    It is the lowest that both lie below and that was hit, or of which that is not known. A limit that was not hit in
    the capture took no page from anybody: kubelet limits all pods together to little less than the host has, which is
    full before.
    """
    limits = [limit for limit in _shared_limits(windows, neighbour) if _may_be_felt(windows, limit)]
    return min(limits, key=lambda limit: limit.limit_bytes, default=None)


def _shared_limits(windows: Windows, neighbour: str) -> list[Limit]:
    return [
        limit
        for record in _chain(windows)
        if is_within(neighbour, record.path) and (limit := _lowest(record)) is not None
    ]


def _may_be_felt(windows: Windows, limit: Limit) -> bool:
    rises = [windows.increase(limit.cgroup_id, key) for key in ("limit_hits", "high_hits")]
    known = [float(np.nansum(rise)) for rise in rises if rise is not None]
    return limit.limit_bytes <= windows.capture.host.memory_bytes and (not known or sum(known) > 0)
