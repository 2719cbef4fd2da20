"""What a limit costs the neighbour that is contained, as far as the capture tells (pure)."""

from __future__ import annotations

from diagnose.analysis.series import total
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.arithmetic import ActiveCache
from diagnose.recommend.risks import CacheServes, DirtyAboveLimit, GetsLess, HardlyReuses, ReadAgain, Risk
from diagnose.recommend.sizing import peak_of

HARDLY_ANY = 0.01
"""Of what a neighbour read, found in the cache: below, it hardly reuses its cache."""


def active_cache(windows: Windows, path: str, value: int) -> ActiveCache | None:
    """Return what the neighbour itself wants cached: what streams through once needs no room to stay in."""
    active = peak_of(windows, path, "active_file_bytes")
    if active is None:
        return None
    wanted = active + _never_cache(windows, path)
    shares_memory = bool(peak_of(windows, path, "shmem_bytes"))
    return ActiveCache(path, active, wanted, shares_memory, fits=wanted <= value)


def risks(windows: Windows, record: CgroupRecord, setting: str, value: int, peak: int) -> tuple[Risk, ...]:
    """Return what the neighbour gets, what it may lose by that, and how the kernel enforces it."""
    enforced: Risk = "hard-limit" if setting == "memory.limit_in_bytes" else "slows"
    return (GetsLess(record.path, value, peak), *_cost(windows, record, value), enforced)


def _cost(windows: Windows, record: CgroupRecord, value: int) -> list[Risk]:
    """Return what the cache does for the neighbour now, which is what it may lose."""
    below = frozenset(i for i, p in windows.paths.items() if is_within(p, record.path))
    wanted, brought = (total(windows.cache(column, below)) for column in ("looked_up", "inserted"))
    again = total(windows.increase(record.id, "refault_file_pages"))
    costs: list[Risk] = []
    if wanted and brought is not None:
        costs.append(_of_its_cache(wanted, brought, again, active_cache(windows, record.path, value)))
    elif wanted == 0 and again == 0:
        costs.append("read-nothing")
    elif again is not None:
        costs.append(ReadAgain(again))
    if (dirty := windows.dirty_at_once(record.path) or 0) > value:
        costs.append(DirtyAboveLimit(dirty))
    return costs


def _of_its_cache(wanted: float, brought: float, again: float | None, active: ActiveCache | None) -> Risk:
    """Return what share of what the neighbour read was in the cache already: no more than that can be lost."""
    found = max(0.0, 1 - brought / wanted)
    if found >= HARDLY_ANY:
        return CacheServes(wanted, found)
    too_active = active.active_bytes if active is not None and not active.fits else None
    return HardlyReuses(wanted, brought, again, too_active)


def _never_cache(windows: Windows, path: str) -> int:
    """Return the anonymous and shared memory of a cgroup at their peaks, in bytes."""
    return sum(peak_of(windows, path, key) or 0 for key in ("anon_bytes", "shmem_bytes"))
