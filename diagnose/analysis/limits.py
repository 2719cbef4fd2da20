"""The memory limits around the service and in it: its own, those of parts of it, and the room it shares (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.cgroups.settings import LIMIT_SETTINGS

HIT_COUNTERS = ("limit_hits", "high_hits")
_REFAULTS = ("refault_file_pages", "refault_anon_pages")


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
    """Return the limit that the service alone feels, in whole or in part.

    That of a part of it (`hit_below`), where it is there that pages were lost and wanted again; else the lowest on its
    cgroup, or on ancestors that hold nobody else.
    """
    around = _own_around(windows)
    below = hit_below(windows)
    if not below or (around is not None and around.limit_bytes <= below[0].limit_bytes):
        return around
    return below[0]


def _own_around(windows: Windows) -> Limit | None:
    limits = []
    for record in _chain(windows):
        if _shared(windows, record.path):
            break
        if (limit := _lowest(record)) is not None:
            limits.append(limit)
    return min(limits, key=lambda limit: limit.limit_bytes, default=None)


def limits_below(windows: Windows) -> list[Limit]:
    """Return the lowest limit of each cgroup within the service's that has one: only a part of it feels that."""
    service = windows.capture.service.cgroup
    parts = [r for r in windows.capture.cgroups if r.path != service and is_within(r.path, service)]
    return [limit for record in parts if (limit := _lowest(record)) is not None]


def hit_below(windows: Windows) -> list[Limit]:
    """Return the limits within the service that were hit, the most often first; [] if most refaults were elsewhere.

    A part that lives at its limit may lose nothing by it, while the rest of the service does for another reason.
    """
    hits = {limit: rose(windows, limit.cgroup_id, HIT_COUNTERS) or 0.0 for limit in limits_below(windows)}
    hit = sorted((limit for limit, count in hits.items() if count), key=lambda limit: (-hits[limit], limit.cgroup))
    outermost = [a for a in hit if not any(a is not b and is_within(a.cgroup, b.cgroup) for b in hit)]
    back = sum(rose(windows, limit.cgroup_id, _REFAULTS) or 0.0 for limit in outermost)
    whole = rose(windows, windows.capture.service.cgroup_id, _REFAULTS) or 0.0
    return hit if back and back >= whole / 2 else []


def rose(windows: Windows, cgroup: int, keys: tuple[str, ...]) -> float | None:
    """Return by how much counters of a cgroup rose together in the capture; None: none of them was read."""
    rises = [rise for key in keys if (rise := windows.risen(cgroup, key)) is not None]
    return sum(rises) if rises else None


def limits_around(windows: Windows) -> list[Limit]:
    """Return the lowest limit of the service's cgroup and of each ancestor that has one, nearest first."""
    return [limit for record in _chain(windows) if (limit := _lowest(record)) is not None]


def limits_above(windows: Windows, cgroup: str) -> list[Limit]:
    """Return the lowest limit of each ancestor of a cgroup that has one, nearest first."""
    above = [r for r in windows.capture.cgroups if r.path != cgroup and is_within(cgroup, r.path)]
    nearest = sorted(above, key=lambda record: -len(record.path))
    return [limit for record in nearest if (limit := _lowest(record)) is not None]


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
    hits = rose(windows, limit.cgroup_id, HIT_COUNTERS)
    return limit.limit_bytes <= windows.capture.host.memory_bytes and (hits is None or hits > 0)
