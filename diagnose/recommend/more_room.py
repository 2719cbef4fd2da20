"""Where no limit on the neighbour is safe: more memory for the room that it shares with the service (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.limits import room_limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.recommend.advice import commands, undo
from diagnose.recommend.division import Division
from diagnose.recommend.raising import in_the_way
from diagnose.recommend.sizing import MIB, room_above
from diagnose.report.model import Recommendation


def with_more_room(
    found: Recommendation, neighbour: str, division: Division, windows: Windows, effect: str | None
) -> Recommendation:
    """Add to a recommendation without a value how much more memory would make limits possible, and how to give it.

    Alone it would be filled like what is there, so that the limits come with it. `effect`: what is expected of both
    together.
    """
    capacity, source, room, left = division.capacity, division.source, division.room, division.left
    floors = {path: -(-least.bytes // MIB) * MIB for path, least in division.floors.items()}
    more = -(-(sum(floors.values()) - left) // MIB) * MIB
    limits = " and ".join(f"{path} to {units.size(least)}" for path, least in floors.items())
    names = " and ".join(floors)
    if room is None:
        way = (
            f"give the host {units.size(more)} more, and together with that limit {limits}: without the limit the new "
            "room fills again"
        )
        risk = f"{found.risk} Room that is added without a limit for {names} fills again."
        return found.model_copy(update={"alternatives": [*found.alternatives, way], "risk": risk})
    limit, shared = room_limit(windows, neighbour), windows.record_of(room)
    spare, whose = room_above(windows, limit) if limit is not None else (None, "the host")
    has = "how much it has to give was not measured" if spare is None else f"which has room for {units.size(spare)}"
    way = (
        f"raise {source} from {units.size(capacity)} to {units.size(capacity + more)}, {units.size(more)} more out of "
        f"{whose}, {has}, and together with that limit {limits}: without the limit the new room fills again"
    )
    limited = {path: record for path in floors if (record := windows.record_of(path)) is not None}
    changes: list[tuple[CgroupRecord, str, int]] = []
    if shared is not None and limit is not None:
        new = {limit.setting: capacity + more, **in_the_way(shared, limit, capacity + more)}
        changes += [(shared, setting, value) for setting, value in new.items()]
    changes += [(record, found.setting, floors[path]) for path, record in limited.items()]
    update: dict[str, object] = {"alternatives": [*found.alternatives, way]}
    if spare is not None and more <= spare:
        update |= _by_hand(changes, windows)
        if effect is not None:
            update["expected_effect"] = f"With more room and the limit together: {effect[0].lower()}{effect[1:]}"
        update["risk"] = (
            f"{units.size(more)} less for others, of {units.size(spare)} that {whose} has to give. {names} may use "
            "what it cannot give back now, with headroom: what outgrows that is swapped, or killed where it cannot be. "
            "Run elsewhere, it takes the room of others there."
        )
    return found.model_copy(update=update)


def _by_hand(changes: list[tuple[CgroupRecord, str, int]], windows: Windows) -> dict[str, object]:
    """Return the commands for changes that belong together, and those that take them back, in the reverse order."""
    return {
        "commands": [c for record, setting, value in changes for c in commands(record, setting, value, windows)],
        "undo": [c for record, setting, _ in reversed(changes) for c in undo(record, setting, windows)],
    }
