"""What the service and the others leave of a room, divided among those who are to be contained there (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from diagnose.analysis.windows import Windows
from diagnose.cgroups.paths import is_within
from diagnose.recommend.arithmetic import HitRatio, Left, Line, PartAboveFloors, Peak, Reserve, WholeMib
from diagnose.recommend.floor import Floor, floor
from diagnose.recommend.need import Need, need
from diagnose.recommend.reasons import NotMeasured, TooLittle
from diagnose.recommend.room import Rest, Room, others, shared_room
from diagnose.recommend.sizing import MIB, in_whole_mib


@dataclass(frozen=True)
class Division:
    """A room, what is taken of it, and who shares the rest, in bytes.

    Each keeps its floor; what is left above all floors is divided. Containing some of them alone would not help.
    """

    room: Room
    wanted: Need
    """By the service."""
    rest: Rest
    """Held by everybody else."""
    floors: Mapping[str, Floor]
    guilt: Mapping[str, float]
    """Shares of the evictions of those to be contained, by cgroup."""
    cache_stays: bool = False
    """On a host: the cache of others is among what they hold, not among what makes room."""

    @property
    def cgroups(self) -> tuple[str, ...]:
        return tuple(self.guilt)

    @property
    def reserve(self) -> Reserve:
        return Reserve((self.wanted.bytes, self.rest.bytes))

    @property
    def left(self) -> Left:
        taken = (self.wanted.bytes, self.rest.bytes, self.reserve.bytes)
        return Left(self.cgroups, self.room.capacity_bytes, taken)

    @property
    def floors_bytes(self) -> int:
        return sum(least.bytes for least in self.floors.values())

    @property
    def above_bytes(self) -> int:
        return self.left.bytes - self.floors_bytes

    def part(self, path: str) -> float:
        """Return its part of what is above: the larger its share of the evictions, the less; parts add up to 1."""
        total, several = sum(self.guilt.values()), len(self.guilt)
        if several == 1 or total == 0:
            return 1 / several
        return (1 - self.guilt[path] / total) / (several - 1)

    def value(self, path: str) -> int:
        """Return its limit in whole MiB, never below its floor."""
        least = self.floors[path].bytes
        return max(int(least + self.above_bytes * self.part(path)) // MIB * MIB, in_whole_mib(least))

    def too_little(self) -> TooLittle:
        """Return why no containment is safe: for one the floor is too high, for several the sum of theirs."""
        return TooLittle(self.cgroups, self.left.bytes, self.floors_bytes)

    def lines(self, path: str, peak: int, hit_ratio: HitRatio | None) -> tuple[Line, ...]:
        """Return how the limit of one of them comes about; `hit_ratio`: for which one the service's need is."""
        lines: list[Line] = [self.room, *self.wanted.lines]
        if hit_ratio is not None:
            lines.append(hit_ratio)
        lines += [*self.rest.parts, self.reserve, self.left]
        if self.above_bytes >= 0:
            lines.append(self._share(path))
        return (*lines, Peak(path, peak), self.floors[path])

    def _share(self, path: str) -> WholeMib | PartAboveFloors:
        value = self.value(path)
        if len(self.guilt) == 1:
            return WholeMib(value)
        return PartAboveFloors(path, self.above_bytes, self.part(path), value)


def divided(windows: Windows, path: str, everybody: Mapping[str, float]) -> Division | NotMeasured:
    """Return the division of the room that a cgroup shares with the service, or why there is none.

    `everybody`: the shares of the evictions of all who are to be contained. Who lies outside the room takes nothing of
    it, whatever else it did. On a host the cache that others kept is to stay theirs, if that leaves everybody a floor:
    who streams through a host's memory fills all of it, at the cost of everybody's cache.
    """
    room = shared_room(windows, path)
    guilt = {p: share for p, share in everybody.items() if room.cgroup is None or is_within(p, room.cgroup)}
    floors = {p: least for p in guilt if (least := floor(windows, p)) is not None}
    wanted, rest = need(windows), others(windows, list(guilt), room.cgroup)
    if len(floors) < len(guilt) or wanted is None or rest is None:
        return NotMeasured(tuple(p for p in guilt if p not in floors))
    division = Division(room, wanted, rest, floors, guilt)
    with_cache = others(windows, list(guilt), None, with_cache=True) if room.cgroup is None else None
    closer = division if with_cache is None else replace(division, rest=with_cache, cache_stays=True)
    return closer if closer.above_bytes >= 0 else division
