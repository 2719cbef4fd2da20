"""Contain the neighbour that takes the room: a limit on it, out of what the others leave (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from diagnose.analysis.facts import Facts
from diagnose.analysis.neighbours import person_level
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.arithmetic import HitRatio, Line, TimesHigh
from diagnose.recommend.change import Change, no_limit
from diagnose.recommend.commands import commands, lasts, undo
from diagnose.recommend.cost import active_cache, risks
from diagnose.recommend.division import Division, divided
from diagnose.recommend.effects import Predicted, StaysCached
from diagnose.recommend.growing import Outgrows, outgrows
from diagnose.recommend.more_room import with_more_room
from diagnose.recommend.prediction import Prediction, predict_contained
from diagnose.recommend.protect import unprotected
from diagnose.recommend.reasons import Contains, LimitedAlready, NotMeasured, UsesLess
from diagnose.recommend.room import shared_room
from diagnose.recommend.sizing import MIB, peak_of
from diagnose.recommend.ways import ReadUncached, RunElsewhere, Way
from diagnose.rules.evaluate import Fired

BACKSTOP = 1.25
"""memory.max stands so far above memory.high: it is for a job that reclaim cannot slow, not for everyday."""

Guilt = Mapping[str, float]
"""The share of the evictions by the cgroup to contain."""


def contain(fired: Fired, facts: Facts) -> list[Change]:
    """Return a limit for each culprit, on the level that a person would set it on (unit, container, job)."""
    guilt = _guilt(fired, facts)
    return [change for path in guilt for change in _contain_one(path, guilt, fired, facts)]


def _guilt(fired: Fired, facts: Facts) -> Guilt:
    """Return the guilt of those to contain; what lies within another of them counts there."""
    service, guilt = facts.windows.capture.service.cgroup, dict[str, float]()
    # A cgroup that the service itself lies in cannot be contained without containing the service.
    accused = [c for c in fired.culprits if c.cgroup in facts.by_path and not is_within(service, c.cgroup)]
    levels = [person_level(culprit.cgroup, service) for culprit in accused]
    for culprit, level in zip(accused, levels, strict=True):
        highest = min((other for other in levels if is_within(level, other)), key=len)
        guilt[highest] = guilt.get(highest, 0.0) + (culprit.share or 0.0)
    return guilt


def _contain_one(path: str, guilt: Guilt, fired: Fired, facts: Facts) -> list[Change]:
    windows = facts.windows
    record, peak = windows.record_of(path), peak_of(windows, path, "usage_bytes")
    if record is None:
        return []
    setting, division = _setting(windows), divided(windows, path, guilt)
    if isinstance(division, NotMeasured) or peak is None:
        why = division if isinstance(division, NotMeasured) else NotMeasured()
        return [no_limit(record, setting, why, (), _elsewhere(windows, (path,)), "waits-for-evicted")]
    ends = frozenset(p for p in guilt if _taking_ends(windows, p, guilt))
    prediction = predict_contained(facts, ends, division.wanted.avoided)
    ratio = HitRatio(prediction.hit_ratio_before, prediction.hit_ratio_after) if prediction else None
    lines = division.lines(path, peak, ratio)
    if division.above_bytes < 0:
        effect = Predicted(prediction, fired.thresholds.get("slow_share")) if prediction else None
        return _too_little(record, division, lines, effect, windows)
    if (why_none := _why_none(windows, path, division)) is not None:
        once_grown: tuple[Way, ...] = ("measure-once-grown",) if isinstance(why_none, Outgrows) else ()
        ways = (*once_grown, *_elsewhere(windows, (path,)))
        return [no_limit(record, setting, why_none, lines, ways, "waits-for-evicted")]
    limit = _containment(record, peak, division, lines, prediction, guilt, fired, facts)
    return [limit, *_backstop(limit, record, windows)]


def _setting(windows: Windows) -> str:
    return "memory.limit_in_bytes" if windows.capture.cgroup_version == 1 else "memory.high"


def _too_little(
    record: CgroupRecord, division: Division, lines: tuple[Line, ...], effect: Predicted | None, windows: Windows
) -> list[Change]:
    """Return why no containment is safe, once for all who share the room, and how much more room would make one so."""
    first, *further = cgroups = division.cgroups
    if record.path != first:
        return []
    all_lines = (*lines, *(division.floors[path] for path in further))
    ways, why = _elsewhere(windows, cgroups), division.too_little()
    growing = ((path, outgrows(windows, path, least.bytes)) for path, least in division.floors.items())
    grow = tuple((path, found) for path, found in growing if found is not None)
    if grow:
        why, ways = replace(why, growing=grow), ("measure-once-grown", *ways)
    found = no_limit(record, _setting(windows), why, all_lines, ways, "waits-for-evicted", cgroups)
    return [found if grow else with_more_room(found, division, windows, effect)]


def _why_none(windows: Windows, path: str, division: Division) -> UsesLess | LimitedAlready | Outgrows | None:
    """Return why a cgroup gets no limit though there is room for one; None: it gets it."""
    return _fits(windows, path, division) or outgrows(windows, path, division.value(path))


def _fits(windows: Windows, path: str, division: Division) -> UsesLess | LimitedAlready | None:
    """Return why the limit changes nothing: less is used, or allowed already; None: it would be felt."""
    record, peak, setting = windows.record_of(path), peak_of(windows, path, "usage_bytes") or 0, _setting(windows)
    current, value = record.settings.get(setting) if record is not None else None, division.value(path)
    # Where the cache of others is not among what they hold, it is what has to make room.
    cache_must_go = division.room.cgroup is None and not division.cache_stays
    if value >= peak:
        return UsesLess(value, peak, cache_must_go)
    if current is not None and value >= current:
        return LimitedAlready(value, setting, current, cache_must_go)
    return None


def _is_limited(windows: Windows, path: str, guilt: Guilt) -> bool:
    """Tell whether a cgroup gets a limit."""
    division = divided(windows, path, guilt)
    if isinstance(division, NotMeasured) or division.above_bytes < 0:
        return False
    return _why_none(windows, path, division) is None


def _taking_ends(windows: Windows, path: str, guilt: Guilt) -> bool:
    """Tell whether its part of a room is worked out, and one that it keeps to: by a limit, or because less will do."""
    division = divided(windows, path, guilt)
    if isinstance(division, NotMeasured):
        return False
    return division.above_bytes < 0 or outgrows(windows, path, division.value(path)) is None


def _elsewhere(windows: Windows, cgroups: tuple[str, ...]) -> tuple[Way, ...]:
    """Return what can be done without more memory: move the job, or have it use no page cache, if that is its room."""
    cached, own = (peak_of(windows, cgroups[0], key) or 0 for key in ("file_bytes", "anon_bytes"))
    return (RunElsewhere(cgroups), *((ReadUncached(cgroups),) if cached > own else ()))


def _containment(
    record: CgroupRecord, peak: int, division: Division, lines: tuple[Line, ...], prediction: Prediction | None,
    guilt: Guilt, fired: Fired, facts: Facts,
) -> Change:  # fmt: skip
    windows, path, setting = facts.windows, record.path, _setting(facts.windows)
    value = division.value(path)
    too = tuple(p for p in guilt if p != path and _is_limited(windows, p, guilt))
    reason, active = _contains(facts, path), active_cache(windows, path, value)
    return Change(
        cgroup=path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=value,
        reason=reason,
        arithmetic=lines if active is None else (*lines, active),
        effect=Predicted(prediction, fired.thresholds.get("slow_share"), too)
        if prediction
        else StaysCached(path, reason.evicted_pages, too),
        risks=risks(windows, record, setting, value, peak),
        commands=commands(record, setting, value, windows),
        undo=undo(record, setting, windows),
        lasts=lasts(record, setting),
    )


def _contains(facts: Facts, path: str) -> Contains:
    """Return what a cgroup, with everything below it, evicted of the service."""
    windows = facts.windows
    below = [n for n in facts.neighbours if is_within(n, path)]
    evicted, guessed = (
        sum(facts.number(f"neighbour.{part}", n) or 0.0 for n in below)
        for part in ("evicted_of_service", "apportioned_pages")
    )
    service = windows.capture.service.cgroup
    return Contains(path, service, evicted, guessed, windows.length, unprotected(windows, [path]))


def _backstop(limit: Change, record: CgroupRecord, windows: Windows) -> list[Change]:
    """Return memory.max above memory.high (v2), where no lower one is set."""
    if limit.setting != "memory.high" or limit.value_bytes is None:
        return []
    value = int(limit.value_bytes * BACKSTOP) // MIB * MIB
    current = record.settings.get("memory.max")
    # Above a lower limit of its own, or of the room that it shares with the service, it would never be reached.
    if (current is not None and current <= value) or value >= shared_room(windows, record.path).capacity_bytes:
        return []
    return [
        Change(
            cgroup=record.path,
            setting="memory.max",
            current_bytes=current,
            value_bytes=value,
            reason="backstop",
            arithmetic=(TimesHigh(BACKSTOP, limit.value_bytes, value),),
            effect="backstop",
            risks=("kills",),
            commands=commands(record, "memory.max", value, windows),
            undo=undo(record, "memory.max", windows),
            lasts=lasts(record, "memory.max"),
        )
    ]
