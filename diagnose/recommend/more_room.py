"""Where no limit on the neighbour is safe: more memory for the room that it shares with the service (pure)."""

from __future__ import annotations

from dataclasses import replace

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.recommend.change import Change
from diagnose.recommend.commands import commands, undo
from diagnose.recommend.division import Division
from diagnose.recommend.effects import Predicted
from diagnose.recommend.raising import in_the_way
from diagnose.recommend.risks import LimitsInMoreRoom, RefillsWithoutLimit
from diagnose.recommend.room import Spare, room_above
from diagnose.recommend.sizing import in_whole_mib
from diagnose.recommend.ways import MoreRoom

ByHand = list[tuple[CgroupRecord, str, int]]
"""Settings that are to be changed together: of which cgroup, which one, to how many bytes."""


def with_more_room(found: Change, division: Division, windows: Windows, effect: Predicted | None) -> Change:
    """Add to a change without a value how much more memory would make limits possible, and how to give it.

    Alone it would be filled like what is there, so that the limits come with it. `effect`: what is expected of both
    together.
    """
    limit, cgroups = division.room.limit, tuple(division.floors)
    floors = {path: in_whole_mib(least.bytes) for path, least in division.floors.items()}
    more = in_whole_mib(sum(floors.values()) - division.left.bytes)
    spare = room_above(windows, limit) if limit is not None else Spare(None, None)
    way = MoreRoom(division.room, more, spare, tuple(floors.items()))
    found = replace(found, ways=(*found.ways, way))
    if limit is None:
        return replace(found, risks=(*found.risks, RefillsWithoutLimit(cgroups)))
    if spare.bytes is None or more > spare.bytes:
        return found
    by_hand = _by_hand(division, found.setting, floors, division.room.capacity_bytes + more, windows)
    return replace(
        found,
        effect=found.effect if effect is None else replace(effect, with_more_room=True),
        risks=(LimitsInMoreRoom(more, spare, cgroups),),
        # What belongs together, and in the reverse order what takes it back.
        commands=tuple(c for record, setting, value in by_hand for c in commands(record, setting, value, windows)),
        undo=tuple(c for record, setting, _ in reversed(by_hand) for c in undo(record, setting, windows)),
    )


def _by_hand(division: Division, setting: str, floors: dict[str, int], room_bytes: int, windows: Windows) -> ByHand:
    """Return the shared limit at its new value, with what stands in its way, and the limits at the floors."""
    limit, changes = division.room.limit, ByHand()
    shared = None if limit is None else windows.record_of(limit.cgroup)
    if shared is not None and limit is not None:
        raised = {limit.setting: room_bytes, **in_the_way(shared, limit, room_bytes)}
        changes += [(shared, name, value) for name, value in raised.items()]
    limited = [(windows.record_of(path), least) for path, least in floors.items()]
    return changes + [(record, setting, least) for record, least in limited if record is not None]
