"""Protect the service that loses its pages, where the hierarchy can: memory.low (pure)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from diagnose.analysis.facts import Facts
from diagnose.analysis.limits import limits_above, room_limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.arithmetic import Protected
from diagnose.recommend.change import Change
from diagnose.recommend.commands import commands, lasts, undo
from diagnose.recommend.effects import PassedOver
from diagnose.recommend.need import Need, need
from diagnose.recommend.reasons import Protects, RoundsByGenerations, Unprotected
from diagnose.recommend.risks import LessUnderPressure
from diagnose.recommend.sizing import MIB, in_whole_mib
from diagnose.rules.evaluate import Fired


def protect(fired: Fired, facts: Facts) -> list[Change]:
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
    return min([in_whole_mib(wanted.bytes), windows.capture.host.memory_bytes // MIB * MIB, *own, *above])


def unprotected(windows: Windows, neighbours: Iterable[str]) -> Unprotected | None:
    """Return why nothing here protects the service from these neighbours; None where memory.low does.

    The host's own reclaim goes round the cgroups where it goes by generations, and takes from a protected one the
    second time (shrink_one in mm/vmscan.c, since Linux 6.3): by itself memory.low then keeps nothing (`make accuracy`).
    The reclaim of a limit does not (shrink_node_memcgs).
    """
    if windows.capture.cgroup_version == 1:
        return "no-memory-low"
    settings = windows.capture.host.settings
    enabled, rounds = settings.get("lru_gen.enabled", 0), settings.get("lru_gen.rounds_of_cgroups")
    if not (enabled & 1 and rounds) or any(room_limit(windows, neighbour) for neighbour in neighbours):
        return None
    return RoundsByGenerations(enabled)


def _protection(record: CgroupRecord, value: int, wanted: Need, windows: Windows) -> Change:
    service = windows.capture.service.cgroup
    return Change(
        cgroup=record.path,
        setting="memory.low",
        current_bytes=record.settings.get("memory.low"),
        value_bytes=value,
        reason=Protects(service, ancestor=record.path != service),
        arithmetic=(*wanted.lines, Protected(value)),
        effect=PassedOver(record.path, value),
        risks=(LessUnderPressure(value),),
        commands=commands(record, "memory.low", value, windows),
        undo=undo(record, "memory.low", windows),
        lasts=lasts(record, "memory.low"),
    )
