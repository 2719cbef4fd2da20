"""What the service needs, and how that comes about."""

from __future__ import annotations

from functools import singledispatch

from diagnose import units
from diagnose.recommend.need import ByCurve, CacheWanted, CameBack, SwappedBack, UsedAtPeak
from diagnose.recommend.read_in_all import SAMPLE_ONE_IN, ReadInAll
from diagnose.report.wording.writer import Writer


@singledispatch
def needs(value: object, writer: Writer) -> str:
    """Write one line of the need."""
    raise TypeError(f"no words for {value!r}")


@needs.register
def used_at_peak(used: UsedAtPeak, writer: Writer) -> str:
    whose = f"{writer.cgroup(used.service)} used {units.size(used.bytes)} at its peak: it needs"
    if not used.at_least:
        return f"{whose} as much"
    return f"{whose} at least as much; how much of what it lost it wants again was not measured"


@needs.register
def cache_wanted(wanted: CacheWanted, writer: Writer) -> str:
    times = wanted.times_read
    longer = (
        ""
        if times is None
        else f". It read each of its pages {units.number(times)} times on average, so that it may want more than it "
        "read: a longer capture tells"
    )
    return (
        f"{writer.cgroup(wanted.service)}: {cache(wanted.cache)}; with {units.size(wanted.other_bytes)} of other "
        f"memory it needs {units.size(wanted.bytes)}{longer}"
    )


@needs.register
def swapped_back(swap: SwappedBack, _writer: Writer) -> str:
    text = f"it fetched {units.size(swap.back_bytes)} of its own memory back from swap"
    if swap.held_bytes is None:
        return f"{text}; how much lay there was not measured: a lower bound"
    return (
        f"{text}, of which at most {units.size(swap.held_bytes)} lay there at once: with that it needs "
        f"{units.size(swap.needed_bytes)}"
    )


@singledispatch
def cache(value: object) -> str:
    """Write one estimate of the cache that the service needs, a clause."""
    raise TypeError(f"no words for {value!r}")


@cache.register
def came_back(back: CameBack) -> str:
    lowest = f"its cache was {units.size(back.lowest_bytes)} at its lowest"
    if back.read is not None:
        return f"{lowest}; of what came back it wants no more than it used: {cache(back.read)}"
    most = "at most " if back.at_most else ""
    return f"{lowest}; {most}{units.size(back.back_bytes)} of different pages came back"


@cache.register
def by_curve(found: ByCurve) -> str:
    return (
        f"its cache was {units.size(found.median_bytes)} (median), and {units.percent(found.avoided)} of "
        f"{units.count(found.refaults)} refaults would have stayed with {units.size(found.more_bytes)} more"
    )


@cache.register
def read_in_all(read: ReadInAll) -> str:
    mapped, shared = read.mapped_bytes, read.shared_bytes
    held = f"mapped {units.size(mapped)}" if mapped >= shared else f"held {units.size(shared)} of shared memory"
    return (
        f"it read {units.size(read.read_bytes)} of different pages (by a sample of one in {SAMPLE_ONE_IN}; two "
        f"standard errors, {units.size(read.margin_bytes)}, are added) and {held}: {units.size(read.bytes)} in all"
    )
