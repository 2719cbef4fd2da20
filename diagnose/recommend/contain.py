"""Contain the neighbour that takes the room: a limit on it, out of what the others leave (pure)."""

from __future__ import annotations

import numpy as np

from diagnose import units
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.models import CgroupRecord, Recommendation
from diagnose.recommend.advice import commands, no_limit
from diagnose.recommend.sizing import MIB, RESERVE_SHARE, floor, need, others, peak_of, record_of, shared_room
from diagnose.windows import Windows, is_within


def contain(fired: Fired, facts: Facts) -> list[Recommendation]:
    windows = facts.windows
    culprits = [c.cgroup for c in fired.finding.culprits if c.cgroup in facts.by_path]
    return [r for c in culprits if (r := _contain_one(c, culprits, fired, facts)) is not None] if windows else []


def _contain_one(culprit: str, culprits: list[str], fired: Fired, facts: Facts) -> Recommendation | None:
    windows = facts.windows
    record, peak = record_of(windows, culprit), peak_of(windows, culprit, "usage_bytes")
    setting = "memory.limit_in_bytes" if windows.capture.cgroup_version == 1 else "memory.high"
    if record is None or is_within(windows.capture.service.cgroup, culprit):
        return None  # a cgroup that the service itself lies in cannot be contained without containing the service
    capacity, source, room = shared_room(windows, culprit)
    least, wanted, rest = floor(windows, culprit), need(windows), others(windows, culprits, room)
    if peak is None or least is None or wanted is None or rest is None:
        return no_limit(record, setting, "its memory was not measured, so no limit can be worked out", [], culprit)
    reserve = int(capacity * RESERVE_SHARE)
    left = capacity - wanted.bytes - rest.bytes - reserve
    shares = _guilt(culprits, fired)
    value = int(left * shares.get(culprit, 1.0)) // MIB * MIB
    lines = [
        f"{source}: {units.size(capacity)} to share",
        *wanted.lines,
        *rest.lines,
        f"{RESERVE_SHARE:.0%} reserve: {units.size(reserve)}",
        f"left for {culprit}: {units.size(max(left, 0))}"
        + (f", of which {shares[culprit]:.0%} by its part in the evictions" if len(culprits) > 1 else "")
        + f", rounded down to whole MiB: {max(value, 0) // MIB} MiB",
        f"it used {units.size(peak)} at its peak",
        *least.lines,
    ]
    if value < least.bytes:
        return no_limit(
            record, setting, f"what is left for it is below its floor of {units.size(least.bytes)}", lines, culprit
        )
    if value >= peak:
        return no_limit(
            record, setting, f"it never used more than {units.size(peak)}, which already fits", lines, culprit
        )
    return _containment(record, setting, value, lines, fired, facts)


def _guilt(culprits: list[str], fired: Fired) -> dict[str, float]:
    """Divide what is left among several culprits: the guiltier, the less."""
    shares = {c.cgroup: c.share or 0.0 for c in fired.finding.culprits if c.cgroup in culprits}
    if len(shares) < 2 or sum(shares.values()) == 0:
        return dict.fromkeys(culprits, 1.0 / len(culprits))
    total = sum(shares.values())
    return {c: (1 - s / total) / (len(shares) - 1) for c, s in shares.items()}


def _containment(
    record: CgroupRecord, setting: str, value: int, lines: list[str], fired: Fired, facts: Facts
) -> Recommendation:
    windows, culprit = facts.windows, record.path
    evicted = facts.number("neighbour.evicted_of_service", culprit)
    seconds = units.duration(windows.count * windows.seconds)
    peak = peak_of(windows, culprit, "usage_bytes") or 0
    hard = setting == "memory.limit_in_bytes"
    return Recommendation(
        cgroup=culprit,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=value,
        reason=f"{culprit} evicted {units.pages(evicted)} of {windows.capture.service.cgroup} in {seconds}; below this "
        "limit it reclaims its own pages first and leaves the service room for what it needs."
        + (
            ""
            if not hard
            else " cgroup v1 has no protection for the service (no memory.low): containment stands alone."
        ),
        arithmetic=lines,
        expected_effect=f"the {units.pages(evicted)} that {culprit} evicted of the service stay cached, and "
        f"its {units.count(facts.number('reads.missed'))} missed reads become hits, as far as these pages caused them.",
        risk=f"{culprit} gets {units.size(value)} instead of up to {units.size(peak)}: "
        + _cost(windows, record)
        + (
            " The limit is hard: lower it in steps while the job runs, since the kernel must reclaim at once."
            if hard
            else " memory.high slows the job instead of killing it, if its own memory outgrows the limit."
        ),
        commands=commands(record, setting, value, windows),
    )


def _cost(windows: Windows, record: CgroupRecord) -> str:
    refaults = windows.increase(record.id, "refault_file_pages")
    if refaults is None or np.isnan(refaults).all():
        return "how much of its cache it uses again was not measured."
    again = float(np.nansum(refaults))
    return f"it fetched {units.pages(again)} again after they had been evicted, which may grow."
