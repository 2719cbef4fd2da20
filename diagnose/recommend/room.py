"""The memory that service and neighbours share, what everybody else holds of it, and what there is above it (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diagnose.analysis.limits import Limit, limits_above, room_limit
from diagnose.analysis.windows import Series, Windows
from diagnose.recommend.sizing import RESERVE_SHARE, peak_of


@dataclass(frozen=True)
class Room:
    """What service and neighbour share; `limit` None: the memory of the host."""

    capacity_bytes: int
    limit: Limit | None

    @property
    def cgroup(self) -> str | None:
        """The cgroup with the limit; None: the host."""
        return self.limit.cgroup if self.limit else None


@dataclass(frozen=True)
class HeldBelow:
    """The most that everybody else below a cgroup held at the end of any window."""

    cgroup: str
    bytes: int


@dataclass(frozen=True)
class HeldOnHost:
    """The most that the rest of the host held that could not be reclaimed: memory less MemAvailable, less `own_bytes`.

    Those are the anonymous and shared memory of `apart`, which is counted with them.
    """

    bytes: int
    own_bytes: int
    apart: tuple[str, ...]


@dataclass(frozen=True)
class CacheKept:
    """Page cache of the rest of the host that never became less, while pages of the service were evicted."""

    bytes: int
    service: str


@dataclass(frozen=True)
class Rest:
    """What everybody else holds of a room."""

    parts: tuple[HeldBelow | HeldOnHost | CacheKept, ...]

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


@dataclass(frozen=True)
class Spare:
    """How many bytes more a cgroup may take (None: not measured), and which limit bounds them (None: the host)."""

    bytes: int | None
    limit: Limit | None


def shared_room(windows: Windows, neighbour: str) -> Room:
    """Return the memory that service and neighbour share."""
    limit = room_limit(windows, neighbour)
    return Room(windows.capture.host.memory_bytes if limit is None else limit.limit_bytes, limit)


def others(windows: Windows, neighbours: Sequence[str], room: str | None, with_cache: bool = False) -> Rest | None:
    """Return the most that everybody else in the shared room held at the end of any window; None: not measured.

    `with_cache`: on a host with the page cache that they never had less of; below a limit all of it is in their usage.
    """
    apart = (windows.capture.service.cgroup, *neighbours)
    if room is None:
        return _others_on_the_host(windows, apart, with_cache)
    total = windows.gauge_of(room, "usage_bytes")
    parts = [windows.gauge_of(path, "usage_bytes") for path in apart]
    if total is None or any(p is None for p in parts):
        return None
    # NaN where one of them was not read: such a window says nothing.
    rest = total - sum((p for p in parts if p is not None), np.zeros(windows.count))
    if np.isnan(rest).all():
        return None
    return Rest((HeldBelow(room, max(0, int(np.nanmax(rest)))),))


def _others_on_the_host(windows: Windows, apart: tuple[str, ...], with_cache: bool) -> Rest | None:
    """What the host cannot reclaim stands for the others, and of their cache what reclaim left alone meanwhile.

    It would take that at last, and the service's before: generations (MGLRU, the default in many distributions since
    Linux 6.1) pass over cgroups in turn, so that a flood in one may cost the service all of its cache, and the programs
    and libraries of the root cgroup little.
    """
    available = windows.host_gauge("meminfo.MemAvailable_bytes")
    if available is None or np.isnan(available).all():
        return None
    # Window by window: peaks of different moments, taken together, would be more than was ever held.
    own = sum((_in_ram(windows, path) for path in apart), np.zeros(windows.count))
    rest = windows.capture.host.memory_bytes - available - own
    fullest = int(np.nanargmax(rest))
    held = HeldOnHost(max(0, int(rest[fullest])), int(own[fullest]), apart)
    if not with_cache:
        return Rest((held,))
    kept = _cache_left_alone(windows, apart)
    return None if kept is None else Rest((held, CacheKept(kept, apart[0])))


def _in_ram(windows: Windows, path: str) -> Series:
    """Return the anonymous and shared memory of a cgroup by window, in bytes; where not read, their peaks stand."""
    whole = np.zeros(windows.count)
    for key in ("anon_bytes", "shmem_bytes"):  # neither is in MemAvailable, and both are in its floor or need already
        read, peak = windows.gauge_of(path, key), float(peak_of(windows, path, key) or 0)
        whole += peak if read is None else np.where(np.isnan(read), peak, read)
    return whole


def _cache_left_alone(windows: Windows, apart: Sequence[str]) -> int | None:
    """Return the least page cache that everybody else had at the end of a window, in bytes; None: not measured."""
    whole, parts = windows.gauge_of("/", "file_bytes"), [windows.gauge_of(path, "file_bytes") for path in apart]
    if whole is None or any(part is None for part in parts):
        return None
    rest = whole - sum((part for part in parts if part is not None), np.zeros(windows.count))
    return None if np.isnan(rest).all() else max(0, int(np.nanmin(rest)))


def room_above(windows: Windows, limit: Limit) -> Spare:
    """Return how many bytes more the cgroup of a limit may take, and what bounds them."""
    available = [
        v for v in windows.capture.host_samples.values.get("meminfo.MemAvailable_bytes") or [] if v is not None
    ]
    spare = Spare(int(min(available) * (1 - RESERVE_SHARE)) if available else None, None)
    # Below a limit of its own the room is what nobody used there; cache of others would have to make way. The lowest
    # limit need not be the one that leaves least.
    for above in limits_above(windows, limit.cgroup):
        used = windows.peak(above.cgroup_id, "usage_bytes")
        if used is None:
            return Spare(None, above)
        left = max(0, int(above.limit_bytes - used))
        if spare.bytes is None or left < spare.bytes:
            spare = Spare(left, above)
    return spare
