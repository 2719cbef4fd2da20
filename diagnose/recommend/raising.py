"""A limit raised, with whatever else on the same cgroup would then be the lower one (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.limits import Limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.settings import LIMIT_SETTINGS
from diagnose.recommend.arithmetic import Line, StaysApart
from diagnose.recommend.change import Change
from diagnose.recommend.commands import commands, lasts, undo
from diagnose.recommend.effects import Effect, OtherLimitFelt
from diagnose.recommend.reasons import MakesWay, Reason
from diagnose.recommend.risks import MayUseUpTo, Risk, WayBack


@dataclass(frozen=True)
class Grounds:
    """What there is to know of a raised limit beside its value."""

    reason: Reason
    arithmetic: tuple[Line, ...]
    effect: Effect
    risk: Risk


def raised(record: CgroupRecord, limit: Limit, value: int, grounds: Grounds, windows: Windows) -> list[Change]:
    """Return the limit at its new `value` in bytes, then the other limits of its cgroup that have to make way."""
    making_way = in_the_way(record, limit, value)
    return [
        _change(record, limit.setting, value, grounds, windows),
        *(_change(record, s, v, _making_way(record, s, v, limit, value), windows) for s, v in making_way.items()),
    ]


def in_the_way(record: CgroupRecord, limit: Limit, value: int) -> dict[str, int]:
    """Return the cgroup's other limits below the new `value`, with what they become: as far above it as they are now.

    memory.high is often set somewhat below memory.max: raised alone it would be above it, and never felt.
    """
    others = {s: v for s in LIMIT_SETTINGS if s != limit.setting and (v := record.settings.get(s)) is not None}
    return {setting: value + before - limit.limit_bytes for setting, before in others.items() if before < value}


def _making_way(record: CgroupRecord, setting: str, after: int, limit: Limit, value: int) -> Grounds:
    before = record.settings[setting] or 0
    return Grounds(
        reason=MakesWay(record.path, setting, before, limit.setting),
        arithmetic=(StaysApart(limit, before, value, after),),
        effect=OtherLimitFelt(limit.setting),
        risk=MayUseUpTo(limit.setting, after),
    )


def _change(record: CgroupRecord, setting: str, value: int, grounds: Grounds, windows: Windows) -> Change:
    return Change(
        cgroup=record.path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=value,
        reason=grounds.reason,
        arithmetic=grounds.arithmetic,
        effect=grounds.effect,
        risks=(grounds.risk, WayBack(setting)),
        commands=commands(record, setting, value, windows),
        undo=undo(record, setting, windows),
        lasts=lasts(record, setting),
    )
