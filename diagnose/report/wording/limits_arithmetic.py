"""How a value comes about, a line each."""

from __future__ import annotations

from functools import singledispatch

from diagnose import units
from diagnose.recommend import arithmetic as a
from diagnose.recommend.floor import HEADROOM_BYTES, WRITTEN_BACK_SECONDS, Dirty, Floor
from diagnose.recommend.room import CacheKept, HeldBelow, HeldOnHost, Room, Spare
from diagnose.recommend.sizing import MIB
from diagnose.report.wording.limits_needs import needs
from diagnose.report.wording.limits_rooms import each, limit_of, room_for, source
from diagnose.report.wording.writer import Writer

_HELD = {
    "anon_bytes": "anonymous",
    "kernel_bytes": "kernel",
    "unevictable_bytes": "unevictable",
    "shmem_bytes": "shared memory",
}


@singledispatch
def line(value: a.Line, writer: Writer) -> str:
    """Write one line; what the service needs has words of its own."""
    return needs(value, writer)


# ---------------------------------------------------------------- a room and who holds what of it


@line.register
def shared_room(room: Room, writer: Writer) -> str:
    return f"{source(room, writer)}, which they share, is {units.size(room.capacity_bytes)}"


@line.register
def held_below(held: HeldBelow, writer: Writer) -> str:
    return f"others below {writer.cgroup(held.cgroup)} held up to {units.size(held.bytes)}"


@line.register
def held_on_host(held: HeldOnHost, writer: Writer) -> str:
    return (
        f"the rest of the host held up to {units.size(held.bytes)} that could not be reclaimed (memory less "
        f"MemAvailable, less {units.size(held.own_bytes)} anonymous and shared memory of {each(held.apart, writer)})"
    )


@line.register
def cache_kept(kept: CacheKept, writer: Writer) -> str:
    return (
        f"and {units.size(kept.bytes)} of its page cache never became less, while pages of "
        f"{writer.cgroup(kept.service)} were evicted: no room for others"
    )


@line.register
def reserve(kept: a.Reserve, _writer: Writer) -> str:
    sums = " + ".join(units.size(part) for part in kept.of_bytes if part)
    return f"in reserve, {units.percent(kept.share)} of {sums}: {units.size(kept.bytes)}"


@line.register
def left(rest: a.Left, writer: Writer) -> str:
    whom = each(rest.cgroups, writer)
    if rest.bytes <= 0:
        return f"left for {whom}: nothing"
    # Summands of one unit and one digit more than elsewhere: who adds them up shall come to the same.
    sums = " - ".join(f"{_in_mib(part):,.1f}" for part in (rest.capacity_bytes, *rest.taken_bytes) if part)
    return f"left for {whom}: {sums} = {_in_mib(rest.bytes):,.1f} MiB"


def _in_mib(size: int) -> float:
    return a.tenths_of_mib(size) / 10


# ---------------------------------------------------------------- what a cgroup gets, and must have


@line.register
def whole_mib(value: a.WholeMib, _writer: Writer) -> str:
    more = "" if value.more_bytes is None else f", {units.size(value.more_bytes)} more"
    return f"in whole MiB: {value.bytes // MIB} MiB{more}"


@line.register
def part_above_floors(part: a.PartAboveFloors, writer: Writer) -> str:
    return (
        f"each keeps its floor; of the {units.size(part.above_bytes)} above the floors {writer.cgroup(part.cgroup)} "
        f"gets {units.percent(part.share)} (the larger its share of the evictions, the less), in whole MiB "
        f"{part.value_bytes // MIB} MiB in all"
    )


@line.register
def peak(used: a.Peak, writer: Writer) -> str:
    return f"{writer.cgroup(used.cgroup)} used {units.size(used.bytes)} at its peak"


@line.register
def floor(least: Floor, writer: Writer) -> str:
    parts = [f"{_HELD[key]} {units.size(value)}" for key, value in least.held.items()]
    listed = ", ".join([*parts, *([_dirty(least.dirty)] if least.dirty else [])])
    return (
        f"{writer.cgroup(least.cgroup)} cannot give back {units.size(least.held_bytes)} at its peaks ({listed}); with "
        f"{units.size(least.headroom_bytes)} headroom (a quarter, and no less than {units.size(HEADROOM_BYTES)}) its "
        f"floor is {units.size(least.bytes)}"
    )


def _dirty(dirty: Dirty) -> str:
    text = f"dirty and under writeback {units.size(dirty.held_bytes)}"
    if dirty.held_bytes >= dirty.peak_bytes:
        return text
    return (
        f"{text}, the rest of {units.size(dirty.peak_bytes)} after {WRITTEN_BACK_SECONDS:g} s at the "
        f"{units.size(dirty.written_bytes_per_second)}/s that was written for it (median)"
    )


@line.register
def active_cache(active: a.ActiveCache, writer: Writer) -> str:
    shared = " and shared" if active.shares_memory else ""
    fits = "which fits" if active.fits else "which does not fit"
    return (
        f"of its own cache {writer.cgroup(active.cgroup)} had up to {units.size(active.active_bytes)} in active use "
        f"(active_file), with its anonymous{shared} memory {units.size(active.wanted_bytes)}, {fits}"
    )


# ---------------------------------------------------------------- a limit that is raised


@line.register
def limit_now(now: a.LimitNow, writer: Writer) -> str:
    used = "" if now.used_bytes is None else f", and {units.size(now.used_bytes)} were used"
    return f"{limit_of(now.limit, writer)} is {units.size(now.limit.limit_bytes)}{used}"


@line.register
def swap_below(below: a.SwapBelow, _writer: Writer) -> str:
    return (
        f"of what belongs below it {units.size(below.bytes)} lay in swap at its peak, which is the least that it lacks"
    )


@line.register
def lies_outside(outside: a.LiesOutside, writer: Writer) -> str:
    return f"of that at least {units.size(outside.bytes)} lay outside {writer.cgroup(outside.part)}"


@line.register
def spare(room: Spare, writer: Writer) -> str:
    return f"{room_for(room, writer)} more"


@line.register
def hit_ratio(ratio: a.HitRatio, _writer: Writer) -> str:
    return (
        f"with that its hit ratio is to be {units.percent(ratio.after)}, after {units.percent(ratio.before)} in this "
        "capture"
    )


@line.register
def stays_apart(apart: a.StaysApart, _writer: Writer) -> str:
    return (
        f"{units.size(apart.before_bytes)} less {units.size(apart.limit.limit_bytes)} of {apart.limit.setting} are "
        f"kept between the two; with {units.size(apart.raised_to_bytes)} that is {units.size(apart.after_bytes)}"
    )


@line.register
def times_high(backstop: a.TimesHigh, _writer: Writer) -> str:
    return (
        f"{backstop.factor:g} x memory.high of {units.size(backstop.high_bytes)}, in whole MiB: "
        f"{backstop.bytes // MIB} MiB"
    )


@line.register
def protected(value: a.Protected, _writer: Writer) -> str:
    return f"in whole MiB, and not above its own limit or all there is: {value.bytes // MIB} MiB"
