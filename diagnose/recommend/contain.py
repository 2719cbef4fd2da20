"""Contain the neighbour that takes the room: a limit on it, out of what the others leave (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import units
from diagnose.cgroups.paths import is_within
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.models import CgroupRecord, Recommendation
from diagnose.neighbours import person_level
from diagnose.recommend.advice import commands, no_limit, undo
from diagnose.recommend.prediction import blamed_on_pressure, predict
from diagnose.recommend.sizing import MIB, RESERVE_SHARE, floor, need, others, peak_of, record_of, shared_room
from diagnose.windows import Windows

BACKSTOP = 1.25
"""memory.max stands so far above memory.high: it is for a job that reclaim cannot slow, not for everyday."""


def contain(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a limit for each culprit, on the level that a person would set it on (unit, container, job)."""
    windows, service = facts.windows, facts.windows.capture.service.cgroup
    guilt: dict[str, float] = {}
    for culprit in fired.finding.culprits:
        # A cgroup that the service itself lies in cannot be contained without containing the service.
        if culprit.cgroup in facts.by_path and not is_within(service, culprit.cgroup):
            level = person_level(culprit.cgroup, service)
            guilt[level] = guilt.get(level, 0.0) + (culprit.share or 0.0)
    return [r for path in guilt for r in _contain_one(path, guilt, fired, windows, facts)]


def _contain_one(
    path: str, guilt: dict[str, float], fired: Fired, windows: Windows, facts: Facts
) -> list[Recommendation]:
    record, peak = record_of(windows, path), peak_of(windows, path, "usage_bytes")
    if record is None:
        return []
    setting = "memory.limit_in_bytes" if windows.capture.cgroup_version == 1 else "memory.high"
    capacity, source, room = shared_room(windows, path)
    least, wanted, rest = floor(windows, path), need(windows), others(windows, list(guilt), room)
    if peak is None or least is None or wanted is None or rest is None:
        return [no_limit(record, setting, "its memory was not measured, so no limit can be worked out", [], path)]
    reserve = int(capacity * RESERVE_SHARE)
    left, part = capacity - wanted.bytes - rest.bytes - reserve, _part(path, guilt)
    # Each keeps its floor; what is left above all floors is divided. Containing some of them alone would not help.
    floors = [f.bytes for p in guilt if (f := floor(windows, p)) is not None]
    value = int(least.bytes + (left - sum(floors)) * part) // MIB * MIB
    lines = [
        f"{source}: {units.size(capacity)} to share",
        *wanted.lines,
        *rest.lines,
        f"{units.percent(RESERVE_SHARE)} reserve: {units.size(reserve)}",
        f"left for {' and '.join(guilt)}: {units.size(max(left, 0))}"
        + (f"; above all floors, {units.percent(part)} for {path}, the guiltier the less" if len(guilt) > 1 else "")
        + f"; rounded down to whole MiB: {max(value, 0) // MIB} MiB for {path}",
        f"{path} used {units.size(peak)} at its peak",
        *least.lines,
    ]
    if value < least.bytes:
        why = f"what is left for it is below its floor of {units.size(least.bytes)}"
        return [no_limit(record, setting, why, lines, path)]
    if value >= peak:
        why = f"it never used more than {units.size(peak)}, which already fits into the {units.size(value)} left for it"
        return [no_limit(record, setting, why, lines, path)]
    limit = _containment(record, setting, value, lines, facts)
    return [limit, *_backstop(limit, record, windows)]


def _part(path: str, guilt: dict[str, float]) -> float:
    """Divide what is left among several: the guiltier, the less; parts add up to 1."""
    total = sum(guilt.values())
    if len(guilt) == 1 or total == 0:
        return 1 / len(guilt)
    return (1 - guilt[path] / total) / (len(guilt) - 1)


def _containment(record: CgroupRecord, setting: str, value: int, lines: list[str], facts: Facts) -> Recommendation:
    windows, path = facts.windows, record.path
    below = [n for n in facts.neighbours if is_within(n, path)]
    evicted = sum(facts.number("neighbour.evicted_of_service", n) or 0.0 for n in below)
    seconds = units.duration(windows.count * windows.seconds)
    prediction = predict(facts, blamed_on_pressure(facts))
    reason = (
        f"{path} evicted {units.pages(evicted)} of {windows.capture.service.cgroup} in {seconds}; below this limit it "
        "reclaims its own pages first and leaves the service room for what it needs."
    )
    if setting == "memory.limit_in_bytes":
        reason += " cgroup v1 has no protection for the service (no memory.low): containment stands alone."
    return Recommendation(
        cgroup=path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=value,
        reason=reason,
        arithmetic=lines,
        expected_effect=prediction.sentence()
        if prediction
        else f"The {units.pages(evicted)} that {path} evicted of the service stay cached.",
        risk=_risk(windows, record, setting, value),
        commands=commands(record, setting, value, windows),
        undo=undo(record, setting, windows),
    )


def _risk(windows: Windows, record: CgroupRecord, setting: str, value: int) -> str:
    peak, active = (peak_of(windows, record.path, key) for key in ("usage_bytes", "active_file_bytes"))
    refaults = windows.increase(record.id, "refault_file_pages")
    again = None if refaults is None or np.isnan(refaults).all() else float(np.nansum(refaults))
    how = (
        "The limit is hard: lower it in steps while the job runs, since the kernel must reclaim at once."
        if setting == "memory.limit_in_bytes"
        else "memory.high slows the job instead of killing it, if its own memory outgrows the limit."
    )
    return (
        f"{record.path} gets {units.size(value)} instead of up to {units.size(peak)}. Of its cache "
        f"{units.size(active)} were in active use at the peak, and it fetched {units.pages(again)} again after their "
        f"eviction, which may become more. {how}"
    )


def _backstop(limit: Recommendation, record: CgroupRecord, windows: Windows) -> list[Recommendation]:
    """Return memory.max above memory.high (v2), where no lower one is set."""
    if limit.setting != "memory.high" or limit.value_bytes is None:
        return []
    value = int(limit.value_bytes * BACKSTOP) // MIB * MIB
    current = record.settings.get("memory.max")
    # Above a lower limit of its own, or of the room that it shares with the service, it would never be reached.
    if (current is not None and current <= value) or value >= shared_room(windows, record.path)[0]:
        return []
    return [
        Recommendation(
            cgroup=record.path,
            setting="memory.max",
            current_bytes=current,
            value_bytes=value,
            reason="A backstop above memory.high, for a job that grows faster than reclaim can slow it.",
            arithmetic=[
                f"{BACKSTOP:g} x memory.high of {units.size(limit.value_bytes)}, in whole MiB: {value // MIB} MiB"
            ],
            expected_effect="none while memory.high holds.",
            risk="At memory.max the kernel kills a process of the job (oom_kill) if it cannot reclaim.",
            commands=commands(record, "memory.max", value, windows),
            undo=undo(record, "memory.max", windows),
        )
    ]
