"""What a limit costs the neighbour that is contained, as far as the capture tells (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.series import total
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.sizing import dirty_at_once, peak_of

NEXT_TO_NOTHING = 0.01
"""Of what a neighbour read, found in the cache: below, its cache is of no use to it."""


def _below(windows: Windows, path: str) -> frozenset[int]:
    return frozenset(i for i, p in windows.paths.items() if is_within(p, path))


def own_reuse(windows: Windows, record: CgroupRecord, value: int) -> list[str]:
    """Say what the neighbour itself wants cached: what streams through once needs no room to stay in."""
    active = peak_of(windows, record.path, "active_file_bytes")
    if active is None:
        return []
    wants = active + _never_cache(windows, record.path)
    shared = " and shared" if peak_of(windows, record.path, "shmem_bytes") else ""
    fits = "which fits" if wants <= value else "which does not fit"
    return [
        f"of its own cache {record.path} had up to {units.size(active)} in active use (active_file), with its "
        f"anonymous{shared} memory {units.size(wants)}, {fits}"
    ]


def _never_cache(windows: Windows, path: str) -> int:
    """Return the anonymous and shared memory of a cgroup at their peaks, in bytes."""
    return sum(peak_of(windows, path, key) or 0 for key in ("anon_bytes", "shmem_bytes"))


def _too_active(windows: Windows, path: str, value: int) -> int | None:
    """Return the cache in active use, in bytes, where with memory that is no cache it does not fit below a limit."""
    active = peak_of(windows, path, "active_file_bytes")
    return active if active is not None and active + _never_cache(windows, path) > value else None


def risk(windows: Windows, record: CgroupRecord, setting: str, value: int) -> str:
    """Say what the neighbour gets, what it may lose by that, and how the kernel enforces it."""
    peak = peak_of(windows, record.path, "usage_bytes")
    how = (
        "The limit is hard: written in one go the kernel must reclaim down to it at once, and refuses it (EBUSY) "
        "where it cannot; diagnose apply report.json lowers it in steps. Later growth of the job's own memory beyond "
        "it is swapped; where that cannot be, a process of the job is killed (OOM)."
        if setting == "memory.limit_in_bytes"
        else "memory.high slows the job instead of killing it, if its own memory outgrows the limit."
    )
    gets = f"{record.path} gets {units.size(value)} instead of up to {units.size(peak)}."
    return " ".join([gets, *_cost(windows, record, value), how])


def _cost(windows: Windows, record: CgroupRecord, value: int) -> list[str]:
    """Say what the cache does for the neighbour now, which is what it may lose."""
    below = _below(windows, record.path)
    wanted, brought = (total(windows.cache(column, below)) for column in ("looked_up", "inserted"))
    again = total(windows.increase(record.id, "refault_file_pages"))
    lines = []
    if wanted and brought is not None:
        lines.append(_of_its_cache(wanted, brought, again, _too_active(windows, record.path, value)))
    elif wanted == 0 and again == 0:
        lines.append("It read no page through the cache in this capture, so it has no cached read to lose.")
    elif again is not None:
        so_far = f"{units.pages(again)} again after {units.plural(again, 'its', 'their')} eviction" if again else ""
        lines.append(
            f"In this capture it read {so_far or 'no page again after its eviction'}; with less room that may become "
            "more, and how much slower it gets cannot be computed."
        )
    if (dirty := dirty_at_once(windows, record.path) or 0) > value:
        lines.append(f"It held up to {units.size(dirty)} of dirty pages: its writes will wait for the device.")
    return lines


def _of_its_cache(wanted: float, brought: float, again: float | None, active: int | None) -> str:
    """Say what share of what the neighbour read was in the cache already: no more than that can be lost."""
    found = max(0.0, 1 - brought / wanted)
    if found >= NEXT_TO_NOTHING:
        return (
            f"Of {units.pages(wanted)} that it read {units.percent(found)} were in the cache already: at worst those "
            "come from the device, too; how many cannot be computed."
        )
    # What is brought in (and refaults) also counts read-ahead and mapped files, and may be more than what it read.
    back = f", and {units.pages(again)} came back after their eviction" if again else ""
    now = (
        f"For {units.pages(wanted)} that it read it brought {units.pages(brought)} into the cache, read-ahead included "
        f"(where that came in time the read is no miss): next to nothing had been there before{back}"
    )
    if active is not None:
        return (
            f"{now}. Yet the kernel had up to {units.size(active)} of its cache on the active list (active_file: "
            "touched again while there), which does not fit below the limit: it may get slower, by how much cannot be "
            "computed."
        )
    return f"{now}: its cache is of next to no use to it, so a smaller one should hardly slow it (not measured)."
