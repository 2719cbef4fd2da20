"""Raise the limit that makes the service reclaim its own pages: its own, that of a part, or one it shares (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnose.analysis.evictions import FOR_MEMORY, RECLAIM
from diagnose.analysis.facts import Facts
from diagnose.analysis.limits import Limit, hit_below, own_limit, room_limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.arithmetic import HitRatio, LiesOutside, LimitNow, Line, Reserve, WholeMib
from diagnose.recommend.change import Change, no_limit
from diagnose.recommend.effects import RaisedOwn
from diagnose.recommend.need import Need, need
from diagnose.recommend.prediction import Prediction, predict, waited_for
from diagnose.recommend.raising import Grounds, raised
from diagnose.recommend.reasons import Lacking, OwnReclaim, PartsAtLimits, SharedTooSmall, Why
from diagnose.recommend.risks import LessForOthers
from diagnose.recommend.room import Rest, Spare, others, room_above
from diagnose.recommend.sizing import MIB, in_whole_mib
from diagnose.recommend.ways import ByAQuarter, GiveFirst, StepByStep, Way
from diagnose.rules.evaluate import Fired

_LESS: tuple[Way, ...] = ("more-memory", "read-less")


@dataclass(frozen=True)
class _Wish:
    """A limit that is to hold what the service needs and `beside` it: others (Rest); or what lies outside of it."""

    limit: Limit
    wanted: Need
    beside: Rest | LiesOutside | None
    reason: OwnReclaim | SharedTooSmall
    prediction: Prediction | None
    trouble_share: float | None

    @property
    def parts_bytes(self) -> tuple[int, ...]:
        if isinstance(self.beside, LiesOutside):
            return (self.wanted.bytes - self.beside.bytes,)
        return (self.wanted.bytes, self.beside.bytes if self.beside else 0)

    @property
    def wanted_bytes(self) -> int:
        return sum(self.parts_bytes)

    @property
    def reserve(self) -> Reserve:
        return Reserve(self.parts_bytes)

    @property
    def value_bytes(self) -> int:
        return in_whole_mib(self.wanted_bytes + self.reserve.bytes)

    @property
    def more_bytes(self) -> int:
        return self.value_bytes - self.limit.limit_bytes

    def lines(self, spare: Spare) -> tuple[Line, ...]:
        """Return how the value comes about."""
        lines: list[Line] = [LimitNow(self.limit), *self.wanted.lines]
        if self.prediction is not None:
            lines.append(HitRatio(self.prediction.hit_ratio_before, self.prediction.hit_ratio_after))
        if isinstance(self.beside, LiesOutside):
            lines.append(self.beside)
        elif self.beside is not None:
            lines += self.beside.parts
        lines.append(self.reserve)
        return tuple(lines) if spare.bytes is None else (*lines, spare)


def raise_own(fired: Fired, facts: Facts) -> list[Change]:
    """Return a higher limit for the service, within what the limits above it and the host have to give."""
    windows = facts.windows
    limit, wanted = own_limit(windows), need(windows)
    if limit is None or wanted is None:
        return []
    waited = waited_for(facts, RECLAIM, windows.service_ids)
    reason = OwnReclaim(limit.cgroup, swaps=wanted.swapped != 0)
    prediction, beside = predict(facts, waited, wanted.avoided), None
    if not is_within(windows.capture.service.cgroup, limit.cgroup):
        beside = _outside(windows, limit.cgroup)
        others_hit = tuple(x.cgroup for x in hit_below(windows) if not is_within(x.cgroup, limit.cgroup))
        if beside is None or others_hit:
            return _part_unknown(windows, limit, wanted, others_hit)
    return _raised(_Wish(limit, wanted, beside, reason, prediction, fired.thresholds.get("slow_share")), windows)


def _outside(windows: Windows, part: str) -> LiesOutside | None:
    """Return the least that the service held outside of a part of it at the end of any window."""
    whole, held = (windows.gauge_of(p, "usage_bytes") for p in (windows.capture.service.cgroup, part))
    if whole is None or held is None or np.isnan(whole - held).all():
        return None
    return LiesOutside(part, max(0, int(np.nanmin(whole - held))))


def _part_unknown(windows: Windows, limit: Limit, wanted: Need, others_hit: tuple[str, ...]) -> list[Change]:
    """Return that a part of the service lacks room, where how much of what the service needs is the part's is open."""
    record = windows.record_of(limit.cgroup)
    if record is None:
        return []
    why: Why = PartsAtLimits(others_hit) if others_hit else "part-not-measured"
    step = limit.limit_bytes + max(1, limit.limit_bytes // 4 // MIB) * MIB
    return [no_limit(record, limit.setting, why, wanted.lines, (ByAQuarter(step), *_LESS), "waits-for-own")]


def raise_shared(fired: Fired, facts: Facts) -> list[Change]:
    """Return a higher limit for the cgroup that the service lies in with others, as far as the host has it to give."""
    windows, service = facts.windows, facts.windows.capture.service.cgroup
    limit, wanted = room_limit(windows, service), need(windows)
    if limit is None or wanted is None or limit == own_limit(windows):
        return []
    rest = others(windows, [], limit.cgroup)
    if rest is None:
        return []
    prediction = predict(facts, waited_for(facts, FOR_MEMORY), wanted.avoided)
    reason = SharedTooSmall(service, limit.limit_bytes)
    return _raised(_Wish(limit, wanted, rest, reason, prediction, fired.thresholds.get("slow_share")), windows)


def _raised(wish: _Wish, windows: Windows) -> list[Change]:
    """Return the limit raised to what is wanted, or why no value is given."""
    limit, wanted, spare = wish.limit, wish.wanted, room_above(windows, wish.limit)
    record, lines = windows.record_of(limit.cgroup), wish.lines(spare)
    if record is None:
        return []
    fits = wish.wanted_bytes <= limit.limit_bytes
    if wanted.swapped is None or fits or spare.bytes is None or wish.more_bytes > spare.bytes:
        return [_no_value(record, wish, spare, lines)]
    swaps = wanted.swapped != 0
    grounds = Grounds(
        reason=wish.reason,
        arithmetic=(*lines, WholeMib(wish.value_bytes, wish.more_bytes)),
        # What stays slow is known only where nothing else than pages of files was waited for.
        effect=RaisedOwn(wish.prediction, None if swaps else wish.trouble_share, swaps),
        risk=LessForOthers(wish.more_bytes, spare),
    )
    return raised(record, limit, wish.value_bytes, grounds, windows)


def _no_value(record: CgroupRecord, wish: _Wish, spare: Spare, lines: tuple[Line, ...]) -> Change:
    """Return the change where a value cannot be given, or the room for it is not there."""
    why, ways = _why_and_ways(wish, spare)
    return no_limit(record, wish.limit.setting, why, lines, ways, "waits-for-own")


def _why_and_ways(wish: _Wish, spare: Spare) -> tuple[Why, tuple[Way, ...]]:
    more, fits = wish.more_bytes, wish.wanted_bytes <= wish.limit.limit_bytes
    if wish.wanted.swapped is None:
        return "swap-not-measured", (StepByStep(wish.wanted_bytes), *_LESS)
    if fits and wish.wanted.least:
        return "wants-not-measured", ("quarters", *_LESS)
    if fits:
        return "need-fits", ("measure-longer",)
    if spare.bytes is None:
        return Lacking(more, spare), _LESS
    return Lacking(more, spare), (GiveFirst(spare, in_whole_mib(more - spare.bytes), more), *_LESS)
