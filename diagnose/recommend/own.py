"""Raise the limit that makes the service reclaim its own pages: its own, that of a part, or one it shares (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import units
from diagnose.analysis.evictions import FOR_MEMORY, RECLAIM
from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.limit import hit_most
from diagnose.analysis.limits import Limit, hit_below, own_limit, room_limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.advice import commands, no_limit, reserve_line, undo
from diagnose.recommend.need import Need, need
from diagnose.recommend.prediction import Prediction, predict, waited_for
from diagnose.recommend.raising import Words, in_the_way, raised
from diagnose.recommend.sizing import MIB, RESERVE_SHARE, others, room_above
from diagnose.report.model import Recommendation
from diagnose.rules.evaluate import Fired

_LESS = ("run the service on a host with more memory", "let it use less memory, or read less data again and again")
_STAYS = "As long as nothing is changed, the service keeps waiting for pages that it has just given up."


def raise_own(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a higher limit for the service, within what the limits above it and the host have to give."""
    windows = facts.windows
    limit, wanted = own_limit(windows), need(windows)
    if limit is None or wanted is None:
        return []
    waited = waited_for(facts, RECLAIM, windows.service_ids)
    reason = f"{limit.cgroup} reclaims its own pages at its limit and then needs them again" + (
        ": of its files, and of its own memory, which it swaps." if wanted.swapped != 0 else "."
    )
    prediction = predict(facts, waited, wanted.avoided)
    if is_within(windows.capture.service.cgroup, limit.cgroup):
        return _raised(fired, windows, limit, wanted, 0, [], reason, prediction)
    return _raised_for_part(fired, windows, limit, wanted, reason, prediction)


def _raised_for_part(
    fired: Fired, windows: Windows, limit: Limit, wanted: Need, reason: str, prediction: Prediction | None
) -> list[Recommendation]:
    """Return a higher limit for a part of the service: what the whole needs, less what lies outside that part."""
    outside, record = _outside(windows, limit.cgroup), windows.record_of(limit.cgroup)
    others = [x.cgroup for x in hit_below(windows) if not is_within(x.cgroup, limit.cgroup)]
    if outside is not None and not others:
        line = f"of that at least {units.size(outside)} lay outside {limit.cgroup}"
        return _raised(fired, windows, limit, wanted, -outside, [line], reason, prediction)
    if record is None:
        return []
    why = "how much of the service's memory lies in it was not measured"
    if others:
        named = " and ".join([*others[:3], *([f"{len(others) - 3} more"] if len(others) > 3 else [])])
        why = f"what is in {named} hit a limit of its own, too, and which of them lacks how much was not measured"
    step = limit.limit_bytes + max(1, limit.limit_bytes // 4 // MIB) * MIB
    ways = [f"raise it by a quarter, to {units.exact_size(step)}, and measure again", *_LESS]
    return [no_limit(record, limit.setting, why, list(wanted.lines), ways, _STAYS)]


def _outside(windows: Windows, part: str) -> int | None:
    """Return the least that the service held outside of a part of it at the end of any window, in bytes."""
    whole, held = (windows.gauge_of(p, "usage_bytes") for p in (windows.capture.service.cgroup, part))
    if whole is None or held is None or np.isnan(whole - held).all():
        return None
    return max(0, int(np.nanmin(whole - held)))


def raise_shared(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a higher limit for the cgroup that the service lies in with others, as far as the host has it to give."""
    windows, service = facts.windows, facts.windows.capture.service.cgroup
    limit, wanted = room_limit(windows, service), need(windows)
    if limit is None or wanted is None or limit == own_limit(windows):
        return []
    rest = others(windows, [], limit.cgroup)
    if rest is None:
        return []
    reason = f"{service} needs more than others leave it of the {units.size(limit.limit_bytes)} that they share there."
    prediction = predict(facts, waited_for(facts, FOR_MEMORY), wanted.avoided)
    return _raised(fired, windows, limit, wanted, rest.bytes, list(rest.lines), reason, prediction)


def raise_hit(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a higher value for the limit that was hit most, by what lay in swap for want of room below it."""
    windows = facts.windows
    limit = hit_most(facts)
    record = None if limit is None else windows.record_of(limit.cgroup)
    used = None if limit is None else windows.peak(limit.cgroup_id, "usage_bytes")
    if limit is None or record is None or used is None:
        return []
    swapped, (room, whose) = windows.peak(limit.cgroup_id, "swap_bytes"), room_above(windows, limit)
    held = int(swapped or 0)
    reserve = int((used + held) * RESERVE_SHARE)
    value = -(-int(used + held + reserve) // MIB) * MIB
    more = value - limit.limit_bytes
    lines = [
        f"{limit.setting} of {limit.cgroup} is {units.size(limit.limit_bytes)}, and {units.size(used)} were used",
        f"of what belongs below it {units.size(swapped)} lay in swap at its peak, which is the least that it lacks",
        reserve_line(reserve, RESERVE_SHARE, int(used), held),
        *([] if room is None else [f"{whose} has room for {units.size(room)} more"]),
    ]
    if held < MIB or more <= 0 or room is None or more > room:
        return [_no_value_for_hit(record, limit, held, more, room, whose, lines, windows)]
    words = Words(
        reason=f"what is below it needs more than {units.size(limit.limit_bytes)}: the rest went to swap, and each "
        "page that is read has to push one out first.",
        arithmetic=[*lines, f"in whole MiB: {value // MIB} MiB, {units.size(more)} more"],
        effect="What lay in swap fits, so that reads need not push it out first. How much of their time that saves was "
        "not measured, and the service may grow on: a measurement after the change tells.",
        risk=f"{units.size(more)} less for others, of {units.size(room)} that {whose} has to give; where the service "
        "grows on, the reclaim is only put off.",
    )
    return raised(record, limit, value, words, windows)


def _no_value_for_hit(
    record: CgroupRecord, limit: Limit, held: int, more: int, room: int | None, whose: str, lines: list[str],
    windows: Windows,
) -> Recommendation:  # fmt: skip
    ways = ["let the service allocate and write less, or run it on a host with more memory"]
    tried: list[tuple[str, int]] = []
    if held >= MIB and more <= 0:
        why = "what was used below it and what lay in swap fit into it together, so it is not this that lacks room"
    elif held >= MIB and room is None:
        why = f"{units.size(more)} more is wanted, and how much {whose} has to spare was not measured"
    elif held >= MIB:
        why = f"{units.size(more)} more is wanted, and {whose} has room for {units.size(room)}"
    else:
        why = "nothing of it lay in swap, so how much more it needs is not known"
        step = limit.limit_bytes // 4 // MIB * MIB
        if room is not None and 0 < step <= room:
            value = limit.limit_bytes + step
            ways.insert(0, f"raise it by a quarter, to {units.exact_size(value)}, and measure again")
            tried = [(limit.setting, value), *in_the_way(record, limit, value).items()]
    risk = (
        "As long as nothing is changed, reads keep waiting for reclaim; room given to the service is less for others."
    )
    found = no_limit(record, limit.setting, why, lines, ways, risk)
    by_hand = [command for setting, value in tried for command in commands(record, setting, value, windows)]
    back = [command for setting, _ in reversed(tried) for command in undo(record, setting, windows)]
    return found.model_copy(update={"commands": by_hand, "undo": back})


def _raised(
    fired: Fired, windows: Windows, limit: Limit, wanted: Need, rest: int, more_lines: list[str], reason: str,
    prediction: Prediction | None,
) -> list[Recommendation]:  # fmt: skip
    """Return the limit raised to what the service wants and `rest` more; below 0: what of it lies elsewhere."""
    record = windows.record_of(limit.cgroup)
    if record is None:
        return []
    parts = (wanted.bytes, rest) if rest >= 0 else (wanted.bytes + rest,)
    reserve = int(sum(parts) * RESERVE_SHARE)
    value = -(-(sum(parts) + reserve) // MIB) * MIB
    more, (room, whose) = value - limit.limit_bytes, room_above(windows, limit)
    lines = [
        f"{limit.setting} of {limit.cgroup} is {units.size(limit.limit_bytes)}",
        *wanted.lines,
        *([prediction.hit_ratio_line()] if prediction else []),
        *more_lines,
        reserve_line(reserve, RESERVE_SHARE, *parts),
    ]
    if room is not None:
        lines.append(f"{whose} has room for {units.size(room)} more")
    if wanted.swapped is None or wanted.bytes + rest <= limit.limit_bytes or room is None or more > room:
        return [_no_value(record, limit, wanted, rest, more, room, whose, lines)]
    words = Words(
        reason=reason,
        arithmetic=[*lines, f"in whole MiB: {value // MIB} MiB, {units.size(more)} more"],
        effect=_effect(fired, wanted, prediction),
        risk=f"{units.size(more)} less for others: {whose} has room for {units.size(room)} more.",
    )
    return raised(record, limit, value, words, windows)


def _effect(fired: Fired, wanted: Need, prediction: Prediction | None) -> str:
    # What stays slow is known only where nothing else than pages of files was waited for.
    trouble = fired.thresholds.get("slow_share") if wanted.swapped == 0 else None
    effect = prediction.sentence(trouble) if prediction else "Its own reclaim ends."
    if wanted.swapped == 0:
        return effect
    return (
        f"{effect} That counts the pages of files alone. What lay in swap fits then, so that reads that waited for it "
        f"should end, too{_hits_too(prediction)}; whether that cures it, a measurement after the change tells."
    )


def _hits_too(prediction: Prediction | None) -> str:
    """Say how many slow reads found their pages in the cache, and so waited for something else: for swap, at most."""
    if prediction is None or prediction.latency is None or not prediction.latency.slow_hits:
        return ""
    stay = prediction.latency.slow_missed_after
    return (
        f": {units.count(prediction.latency.slow_hits)} of the slow reads found their pages in the cache and waited "
        f"for something else. If that was swap for all of them, about {units.count(stay)} reads stay slow, "
        f"{units.percent(stay / prediction.reads)}"
    )


def _no_value(
    record: CgroupRecord,
    limit: Limit,
    wanted: Need,
    rest: int,
    more: int,
    room: int | None,
    whose: str,
    lines: list[str],
) -> Recommendation:
    """Return the recommendation where a value cannot be given, or the room for it is not there."""
    lacking = wanted.bytes + rest - limit.limit_bytes
    ways = [*_LESS]
    if wanted.swapped is None:
        why = "how much of its memory lies in swap was not measured, so its need is not known"
        ways.insert(0, f"raise it step by step, from {units.size(wanted.bytes + rest)} on, until nothing is swapped in")
    elif lacking <= 0 and wanted.least:
        why = "how much of what it lost it wants again was not measured, so its need is not known"
        ways.insert(0, "raise it step by step, by a quarter each, and measure after each")
    elif lacking <= 0:
        why = "what it needs by this capture fits into its limit already; a longer capture may tell more"
        ways = ["measure again, for longer"]
    elif room is None:
        why = f"{units.size(more)} more is wanted, and how much {whose} has to spare was not measured"
    else:
        why = f"{units.size(more)} more is wanted, and {whose} has room for {units.size(room)}"
        size = f"{units.size(-(-(more - room) // MIB) * MIB)}"
        ways.insert(0, f"give {whose} {size} more, and then this limit the {units.size(more)} more")
    return no_limit(record, limit.setting, why, lines, ways, _STAYS)  # fmt: skip
