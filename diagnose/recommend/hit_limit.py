"""Raise the limit that was hit most, by what lay in swap for want of room below it (pure)."""

from __future__ import annotations

from dataclasses import replace

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.limit import hit_most
from diagnose.analysis.limits import Limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.recommend.arithmetic import LimitNow, Line, Reserve, SwapBelow, WholeMib
from diagnose.recommend.change import Change, no_limit
from diagnose.recommend.commands import commands, undo
from diagnose.recommend.raising import Grounds, in_the_way, raised
from diagnose.recommend.reasons import BelowIsSwapped, Lacking, Why
from diagnose.recommend.risks import LessForOthers
from diagnose.recommend.room import Spare, room_above
from diagnose.recommend.sizing import MIB, in_whole_mib
from diagnose.recommend.ways import ByAQuarter, Way
from diagnose.rules.evaluate import Fired


def raise_hit(fired: Fired, facts: Facts) -> list[Change]:
    """Return a higher value for the limit that was hit most."""
    windows, limit = facts.windows, hit_most(facts)
    record = None if limit is None else windows.record_of(limit.cgroup)
    used = None if limit is None else windows.peak(limit.cgroup_id, "usage_bytes")
    if limit is None or record is None or used is None:
        return []
    swapped, spare = windows.peak(limit.cgroup_id, "swap_bytes"), room_above(windows, limit)
    held = int(swapped or 0)
    reserve = Reserve((int(used), held))
    value = in_whole_mib(int(used) + held + reserve.bytes)
    more = value - limit.limit_bytes
    below = SwapBelow(None if swapped is None else held)
    lines: tuple[Line, ...] = (LimitNow(limit, int(used)), below, reserve)
    if spare.bytes is not None:
        lines = (*lines, spare)
    if held < MIB or more <= 0 or spare.bytes is None or more > spare.bytes:
        return [_no_value(record, limit, held, more, spare, lines, windows)]
    grounds = Grounds(
        reason=BelowIsSwapped(limit.limit_bytes),
        arithmetic=(*lines, WholeMib(value, more)),
        effect="swap-fits",
        risk=LessForOthers(more, spare, put_off=True),
    )
    return raised(record, limit, value, grounds, windows)


def _no_value(
    record: CgroupRecord, limit: Limit, held: int, more: int, spare: Spare, lines: tuple[Line, ...], windows: Windows
) -> Change:
    """Return the change without a value; where nothing lay in swap, with a quarter more by hand, to try."""
    why: Why = "nothing-swapped"
    if held >= MIB:
        why = "all-fits" if more <= 0 else Lacking(more, spare)
    step = limit.limit_bytes // 4 // MIB * MIB
    if why != "nothing-swapped" or spare.bytes is None or not 0 < step <= spare.bytes:
        return no_limit(record, limit.setting, why, lines, ("write-less",), "waits-for-reclaim")
    value = limit.limit_bytes + step
    ways: tuple[Way, ...] = (ByAQuarter(value), "write-less")
    found = no_limit(record, limit.setting, why, lines, ways, "waits-for-reclaim")
    return _tried(found, record, {limit.setting: value, **in_the_way(record, limit, value)}, windows)


def _tried(found: Change, record: CgroupRecord, values: dict[str, int], windows: Windows) -> Change:
    """Add the commands that set these values by hand, and take them back in the reverse order."""
    by_hand = tuple(c for setting, value in values.items() for c in commands(record, setting, value, windows))
    back = tuple(c for setting in reversed(values) for c in undo(record, setting, windows))
    return replace(found, commands=by_hand, undo=back)
