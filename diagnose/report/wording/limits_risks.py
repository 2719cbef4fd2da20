"""What a change may cost, a sentence each."""

from __future__ import annotations

from functools import singledispatch

from diagnose import units
from diagnose.recommend import risks as r
from diagnose.report.wording.limits_rooms import each, giver, room_for
from diagnose.report.wording.writer import Writer

_CODES = {
    "waits-for-evicted": "As long as nothing is changed, the service keeps waiting for pages that were evicted.",
    "waits-for-own": "As long as nothing is changed, the service keeps waiting for pages that it has just given up.",
    "waits-for-reclaim": "As long as nothing is changed, reads keep waiting for reclaim; room given to the service is "
    "less for others.",
    "read-nothing": "It read no page through the cache in this capture, so it has no cached read to lose.",
    "hard-limit": "The limit is hard: written in one go the kernel must reclaim down to it at once, and refuses it "
    "(EBUSY) where it cannot; diagnose apply report.json lowers it in steps. Later growth of the job's own memory "
    "beyond it is swapped; where that cannot be, a process of the job is killed (OOM).",
    "slows": "memory.high slows the job instead of killing it, if its own memory outgrows the limit.",
    "kills": "At memory.max the kernel kills a process of the job (oom_kill) if it cannot reclaim.",
}
_WHERE_IT_CANNOT = {
    "memory.limit_in_bytes": ", and refuses it (EBUSY) where it cannot",
    "memory.max": ", and kills processes below it where it cannot",
}
"""What the kernel does if it cannot reclaim down to a limit (cgroup-v1/memory.rst, cgroup-v2.rst)."""


@singledispatch
def risk(value: r.Risk, _writer: Writer) -> str:
    """Write one risk."""
    return _CODES[str(value)]


@risk.register
def gets_less(less: r.GetsLess, writer: Writer) -> str:
    peak = units.size(less.peak_bytes)
    return f"{writer.cgroup(less.cgroup)} gets {units.size(less.value_bytes)} instead of up to {peak}."


@risk.register
def cache_serves(cache: r.CacheServes, _writer: Writer) -> str:
    return (
        f"Of {units.pages(cache.wanted_pages)} that it read {units.percent(cache.found_share)} were in the cache "
        "already: at worst those come from the device, too; how many cannot be computed."
    )


@risk.register
def hardly_reuses(cache: r.HardlyReuses, _writer: Writer) -> str:
    # What is brought in (and refaults) also counts read-ahead and mapped files, and may be more than what it read.
    back = f", and {units.pages(cache.again_pages)} came back after their eviction" if cache.again_pages else ""
    now = (
        f"For {units.pages(cache.wanted_pages)} that it read it brought {units.pages(cache.brought_pages)} into the "
        "cache, read-ahead included (where that came in time the read is no miss): next to nothing had been there "
        f"before{back}"
    )
    if cache.active_bytes is not None:
        return (
            f"{now}. Yet the kernel had up to {units.size(cache.active_bytes)} of its cache on the active list "
            "(active_file: touched again while there), which does not fit below the limit: it may get slower, by how "
            "much cannot be computed."
        )
    return f"{now}: its cache is of next to no use to it, so a smaller one should hardly slow it (not measured)."


@risk.register
def read_again(again: r.ReadAgain, _writer: Writer) -> str:
    pages = again.pages
    so_far = f"{units.pages(pages)} again after {units.plural(pages, 'its', 'their')} eviction" if pages else ""
    return (
        f"In this capture it read {so_far or 'no page again after its eviction'}; with less room that may become more, "
        "and how much slower it gets cannot be computed."
    )


@risk.register
def dirty_above_limit(dirty: r.DirtyAboveLimit, _writer: Writer) -> str:
    return f"It held up to {units.size(dirty.bytes)} of dirty pages: its writes will wait for the device."


@risk.register
def refills_without_limit(room: r.RefillsWithoutLimit, writer: Writer) -> str:
    return f"Room that is added without a limit for {each(room.cgroups, writer)} fills again."


@risk.register
def limits_in_more_room(room: r.LimitsInMoreRoom, writer: Writer) -> str:
    return (
        f"{_less_of(room, writer)}. {each(room.cgroups, writer)} may use what it cannot give back now, with headroom: "
        "what outgrows that is swapped, or killed where it cannot be. Run elsewhere, it takes the room of others there."
    )


@risk.register
def less_for_others(less: r.LessForOthers, writer: Writer) -> str:
    if not less.put_off:
        return f"{units.size(less.more_bytes)} less for others: {room_for(less.spare, writer)} more."
    return f"{_less_of(less, writer)}; where the service grows on, the reclaim is only put off."


def _less_of(taken: r.LessForOthers | r.LimitsInMoreRoom, writer: Writer) -> str:
    spare = units.size(taken.spare.bytes)
    return f"{units.size(taken.more_bytes)} less for others, of {spare} that {giver(taken.spare, writer)} has to give"


@risk.register
def may_use_up_to(limit: r.MayUseUpTo, _writer: Writer) -> str:
    return f"Where {limit.setting} does not hold what is below it, it may use up to {units.size(limit.bytes)}."


@risk.register
def way_back(limit: r.WayBack, _writer: Writer) -> str:
    fails = _WHERE_IT_CANNOT.get(limit.setting, "")
    return f"The way back makes the kernel reclaim at once what is used above it by then{fails}."


@risk.register
def less_under_pressure(kept: r.LessUnderPressure, _writer: Writer) -> str:
    return f"{units.size(kept.bytes)} less for everybody else under memory pressure."
