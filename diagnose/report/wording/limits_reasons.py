"""Why a setting is changed, or why no value of it is safe."""

from __future__ import annotations

from functools import singledispatch

from diagnose import units
from diagnose.recommend import reasons as r
from diagnose.recommend.growing import Outgrows
from diagnose.report.wording.limits_rooms import each, giver, room_for
from diagnose.report.wording.writer import Writer

PARTS_NAMED = 3

_CODES = {
    "backstop": "A backstop above memory.high, for a job that grows faster than reclaim can slow it.",
    "no-memory-low": "On cgroup v1 nothing protects the service itself (there is no memory.low): this is all.",
    "part-not-measured": "how much of the service's memory lies in it was not measured",
    "swap-not-measured": "how much of its memory lies in swap was not measured, so its need is not known",
    "wants-not-measured": "how much of what it lost it wants again was not measured, so its need is not known",
    "need-fits": "what it needs by this capture fits into its limit already; a longer capture may tell more",
    "all-fits": "what was used below it and what lay in swap fit into it together, so it is not this that lacks room",
    "nothing-swapped": "nothing of it lay in swap, so how much more it needs is not known",
}


@singledispatch
def reason(value: r.Reason, _writer: Writer) -> str:
    """Write why a setting is changed; the codes stand for whole sentences."""
    return _CODES[str(value)]


@reason.register
def no_safe_limit(none: r.NoSafeLimit, writer: Writer) -> str:
    return f"No safe limit for {each(none.cgroups, writer)}: {why(none.why, writer)}."


@reason.register
def contains(found: r.Contains, writer: Writer) -> str:
    guessed = found.apportioned_pages
    estimate = f" (an estimate for {units.pages(guessed)} of those, which kswapd removed)" if guessed else ""
    alone = "" if found.unprotected is None else f" {unprotected(found.unprotected)}"
    return (
        f"{writer.cgroup(found.cgroup)} evicted {units.pages(found.evicted_pages)} of {writer.cgroup(found.service)} "
        f"in {units.duration(found.seconds)}{estimate}; below this limit it reclaims its own pages first and leaves "
        f"the service room for what it needs.{alone}"
    )


def unprotected(value: r.Unprotected) -> str:
    """Write why nothing protects the service itself."""
    if not isinstance(value, r.RoundsByGenerations):
        return _CODES[value]
    return (
        "Nothing protects the service itself: the host's reclaim goes round the cgroups by generations "
        f"(lru_gen.enabled is {value.lru_gen_enabled:#x} here) and passes over one below its memory.low, but not twice "
        "in a row. This is all."
    )


@reason.register
def protects(kept: r.Protects, writer: Writer) -> str:
    if not kept.ancestor:
        return "memory.low keeps these pages from being reclaimed while others have anything to give."
    return f"protection of {writer.cgroup(kept.service)} is bounded by its ancestors': this one needs as much."


@reason.register
def own_reclaim(own: r.OwnReclaim, writer: Writer) -> str:
    swaps = ": of its files, and of its own memory, which it swaps." if own.swaps else "."
    return f"{writer.cgroup(own.cgroup)} reclaims its own pages at its limit and then needs them again{swaps}"


@reason.register
def shared_too_small(shared: r.SharedTooSmall, writer: Writer) -> str:
    return (
        f"{writer.cgroup(shared.service)} needs more than others leave it of the {units.size(shared.limit_bytes)} that "
        "they share there."
    )


@reason.register
def below_is_swapped(below: r.BelowIsSwapped, _writer: Writer) -> str:
    return (
        f"what is below it needs more than {units.size(below.limit_bytes)}: the rest went to swap, and each page that "
        "is read has to push one out first."
    )


@reason.register
def makes_way(limit: r.MakesWay, writer: Writer) -> str:
    return (
        f"{limit.setting} of {writer.cgroup(limit.cgroup)}, {units.size(limit.before_bytes)}, would be the lower limit "
        f"then; it stays as far above {limit.raised} as it is now."
    )


# ---------------------------------------------------------------- why no value is safe


@singledispatch
def why(value: r.Why, _writer: Writer) -> str:
    """Write why no value is safe, a clause."""
    return _CODES[str(value)]


@why.register
def not_measured(unknown: r.NotMeasured, writer: Writer) -> str:
    what = f"the memory of {each(unknown.cgroups, writer)}" if unknown.cgroups else "its memory"
    return f"{what} was not measured, so no limit can be worked out"


@why.register
def uses_less(less: r.UsesLess, _writer: Writer) -> str:
    return f"it never used more than {units.size(less.peak_bytes)}, {_fits(less)}"


@why.register
def limited_already(limit: r.LimitedAlready, _writer: Writer) -> str:
    return f"its {limit.setting} is {units.size(limit.current_bytes)}, {_fits(limit)}"


def _fits(value: r.UsesLess | r.LimitedAlready) -> str:
    others = " once others have given up their cache" if value.cache_must_go else ""
    return f"which already fits into the {units.size(value.left_bytes)} left for it{others}"


@why.register
def still_growing(grows: Outgrows, _writer: Writer) -> str:
    return (
        f"its own memory was still growing when the capture ended, by {units.size(grows.grown_bytes)} in the last "
        f"{units.duration(grows.in_seconds)} to {units.size(grows.now_bytes)}; at that pace it outgrows "
        f"{units.size(grows.limit_bytes)} before as long again as the capture has passed"
    )


@why.register
def too_little(little: r.TooLittle, writer: Writer) -> str:
    left = units.size(little.left_bytes) if little.left_bytes > 0 else "nothing"
    floors = units.size(little.floors_bytes)
    if len(little.cgroups) == 1:
        text = f"what is left for it, {left}, is below its floor of {floors}"
    else:
        text = f"what is left for {each(little.cgroups, writer)}, {left}, is below their floors together, {floors}"
    growing = [f"of {writer.cgroup(path)}, {still_growing(grows, writer)}" for path, grows in little.growing]
    return "; ".join([text, *growing])


@why.register
def parts_at_limits(parts: r.PartsAtLimits, writer: Writer) -> str:
    named = each(parts.cgroups[:PARTS_NAMED], writer)
    more = f" and {len(parts.cgroups) - PARTS_NAMED} more" if len(parts.cgroups) > PARTS_NAMED else ""
    return f"what is in {named}{more} hit a limit of its own, too, and which of them lacks how much was not measured"


@why.register
def lacking(lacks: r.Lacking, writer: Writer) -> str:
    wanted = f"{units.size(lacks.more_bytes)} more is wanted, and"
    if lacks.spare.bytes is None:
        return f"{wanted} how much {giver(lacks.spare, writer)} has to spare was not measured"
    return f"{wanted} {room_for(lacks.spare, writer)}"
