"""A limit raised, with whatever else on the same cgroup would then be the lower one (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose import units
from diagnose.analysis.limits import Limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.settings import LIMIT_SETTINGS
from diagnose.recommend.advice import commands, lasting, undo
from diagnose.report.model import Recommendation


@dataclass(frozen=True)
class Words:
    """What a recommendation says beside its value."""

    reason: str
    arithmetic: list[str]
    effect: str
    risk: str


def raised(record: CgroupRecord, limit: Limit, value: int, words: Words, windows: Windows) -> list[Recommendation]:
    """Return the limit at its new `value` in bytes, then the other limits of its cgroup that have to make way."""
    making_way = in_the_way(record, limit, value)
    return [
        _change(record, limit.setting, value, words, windows),
        *(_change(record, s, v, _making_way(record, s, v, limit, value), windows) for s, v in making_way.items()),
    ]


def in_the_way(record: CgroupRecord, limit: Limit, value: int) -> dict[str, int]:
    """Return the cgroup's other limits below the new `value`, with what they become: as far above it as they are now.

    memory.high is often set somewhat below memory.max: raised alone it would be above it, and never felt.
    """
    others = {s: v for s in LIMIT_SETTINGS if s != limit.setting and (v := record.settings.get(s)) is not None}
    return {setting: value + before - limit.limit_bytes for setting, before in others.items() if before < value}


def _making_way(record: CgroupRecord, setting: str, after: int, limit: Limit, value: int) -> Words:
    before = record.settings[setting]
    return Words(
        reason=f"{setting} of {record.path}, {units.size(before)}, would be the lower limit then; it stays as far "
        f"above {limit.setting} as it is now.",
        arithmetic=[
            f"{units.size(before)} less {units.size(limit.limit_bytes)} of {limit.setting} are kept between the two; "
            f"with {units.size(value)} that is {units.size(after)}"
        ],
        effect=f"none by itself: {limit.setting} stays the limit that is felt.",
        risk=f"Where {limit.setting} does not hold what is below it, it may use up to {units.size(after)}.",
    )


def _change(record: CgroupRecord, setting: str, value: int, words: Words, windows: Windows) -> Recommendation:
    return Recommendation(
        cgroup=record.path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=value,
        reason=words.reason,
        arithmetic=words.arithmetic,
        expected_effect=words.effect,
        risk=f"{words.risk} {_way_back(setting)}",
        commands=commands(record, setting, value, windows),
        undo=undo(record, setting, windows),
        lasts=lasting(record, setting, windows),
    )


def _way_back(setting: str) -> str:
    """Say what it takes to lower the limit again (cgroup-v1/memory.rst, cgroup-v2.rst)."""
    fails = {
        "memory.limit_in_bytes": ", and refuses it (EBUSY) where it cannot",
        "memory.max": ", and kills processes below it where it cannot",
    }
    return f"The way back makes the kernel reclaim at once what is used above it by then{fails.get(setting, '')}."
