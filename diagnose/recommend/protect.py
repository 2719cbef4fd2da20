"""Protect the service that loses its pages, where the hierarchy can: memory.low (pure)."""

from __future__ import annotations

import math

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.limits import limits_above, room_limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.advice import commands, lasting, undo
from diagnose.recommend.need import Need, need
from diagnose.recommend.sizing import MIB
from diagnose.report.model import Recommendation
from diagnose.rules.evaluate import Fired


def protect(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Protection exists on v2 only (memory.low), and needs the ancestors' own up to the room that is shared."""
    windows = facts.windows
    culprits = [culprit.cgroup for culprit in fired.culprits]
    wanted = need(windows)
    if wanted is None or unprotected(windows, culprits) is not None:
        return []
    service = windows.capture.service.cgroup
    rooms = [room_limit(windows, culprit) for culprit in culprits]
    chain = [c for c in windows.capture.cgroups if is_within(service, c.path) and c.path != "/"]
    # Reclaim sets out from the cgroup whose limit is reached, on a host without such limits from the root, and heeds
    # what every cgroup below it on the way declares: also one that holds a culprit (cgroup-v2.rst, memory.low).
    below_room = [c for c in chain if any(not room or not is_within(room.cgroup, c.path) for room in rooms)]
    return [
        _protection(record, value, wanted, windows)
        for record in sorted(below_room, key=lambda c: -len(c.path))
        if _protected(record) < (value := _enough(record, wanted, windows))
    ]


def _protected(record: CgroupRecord) -> float:
    """Return what memory.low keeps of a cgroup, in bytes; None in the settings is "max", all of it."""
    low = record.settings.get("memory.low", 0)
    return math.inf if low is None else low


def _enough(record: CgroupRecord, wanted: Need, windows: Windows) -> int:
    """Return what is wanted in whole MiB, at most all there is: protection beyond it protects nothing.

    That is the lowest limit of the cgroup itself or of one that it lies in, and what the host has.
    """
    own = [v for s in ("memory.high", "memory.max") if (v := record.settings.get(s)) is not None]
    above = [limit.limit_bytes for limit in limits_above(windows, record.path)]
    return min([-(-wanted.bytes // MIB) * MIB, windows.capture.host.memory_bytes // MIB * MIB, *own, *above])


def unprotected(windows: Windows, neighbours: list[str]) -> str | None:
    """Return why nothing here protects the service from these neighbours, a sentence; None where memory.low does.

    The host's own reclaim goes round the cgroups where it goes by generations, and takes from a protected one the
    second time (shrink_one in mm/vmscan.c, since Linux 6.3): by itself memory.low then keeps nothing (`make accuracy`).
    The reclaim of a limit does not (shrink_node_memcgs).
    """
    if windows.capture.cgroup_version == 1:
        return "On cgroup v1 nothing protects the service itself (there is no memory.low): this is all."
    settings = windows.capture.host.settings
    enabled, rounds = settings.get("lru_gen.enabled", 0), settings.get("lru_gen.rounds_of_cgroups")
    if not (enabled & 1 and rounds) or any(room_limit(windows, neighbour) for neighbour in neighbours):
        return None
    return (
        "Nothing protects the service itself: the host's reclaim goes round the cgroups by generations "
        f"(lru_gen.enabled is {enabled:#x} here) and passes over one below its memory.low, but not twice in a row. "
        "This is all."
    )


def _protection(record: CgroupRecord, value: int, wanted: Need, windows: Windows) -> Recommendation:
    service = windows.capture.service.cgroup
    why = (
        "memory.low keeps these pages from being reclaimed while others have anything to give."
        if record.path == service
        else f"protection of {service} is bounded by its ancestors': this one needs as much."
    )
    return Recommendation(
        cgroup=record.path,
        setting="memory.low",
        current_bytes=record.settings.get("memory.low"),
        value_bytes=value,
        reason=why,
        arithmetic=[*wanted.lines, f"in whole MiB, and not above its own limit or all there is: {value // MIB} MiB"],
        expected_effect=f"up to {units.size(value)} of {record.path} are passed over by reclaim.",
        risk=f"{units.size(value)} less for everybody else under memory pressure.",
        commands=commands(record, "memory.low", value, windows),
        undo=undo(record, "memory.low", windows),
        lasts=lasting(record, "memory.low", windows),
    )
