"""What the service and the others leave of a room, divided among those who are to be contained there (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from diagnose import units
from diagnose.analysis.windows import Windows
from diagnose.cgroups.paths import is_within
from diagnose.recommend.advice import reserve_line
from diagnose.recommend.need import Need, need
from diagnose.recommend.sizing import MIB, RESERVE_SHARE, Sum, floor, others, shared_room


@dataclass(frozen=True)
class Division:
    """A room, what is taken of it, and who shares the rest, in bytes.

    Each keeps its floor; what is left above all floors is divided. Containing some of them alone would not help.
    """

    capacity: int
    source: str
    """What sets the capacity: a limit, or the host's memory."""
    room: str | None
    """The cgroup with that limit; None: the host."""
    wanted: Need
    """By the service."""
    rest: Sum
    """Held by everybody else."""
    floors: dict[str, Sum]
    guilt: dict[str, float]
    """Shares of the evictions of those to be contained, by cgroup."""
    cache_stays: bool = False
    """On a host: the cache of others is among what they hold, not among what makes room."""

    @property
    def names(self) -> str:
        return " and ".join(self.guilt)

    @property
    def reserve(self) -> int:
        return int((self.wanted.bytes + self.rest.bytes) * RESERVE_SHARE)

    @property
    def left(self) -> int:
        return (_tenths(self.capacity) - sum(map(_tenths, self._taken))) * MIB // 10

    @property
    def _taken(self) -> tuple[int, int, int]:
        return self.wanted.bytes, self.rest.bytes, self.reserve

    @property
    def above(self) -> int:
        return self.left - sum(least.bytes for least in self.floors.values())

    def part(self, path: str) -> float:
        """Return its part of what is above: the larger its share of the evictions, the less; parts add up to 1."""
        total, several = sum(self.guilt.values()), len(self.guilt)
        if several == 1 or total == 0:
            return 1 / several
        return (1 - self.guilt[path] / total) / (several - 1)

    def value(self, path: str) -> int:
        """Return its limit in whole MiB, never below its floor."""
        least = self.floors[path].bytes
        return max(int(least + self.above * self.part(path)) // MIB, -(-least // MIB)) * MIB

    def too_little(self) -> str:
        """Say why no containment is safe: for one the floor is too high, for several the sum of theirs."""
        floors, left = units.size(self.left - self.above), units.size(self.left) if self.left > 0 else "nothing"
        if len(self.guilt) == 1:
            return f"what is left for it, {left}, is below its floor of {floors}"
        return f"what is left for {self.names}, {left}, is below their floors together, {floors}"

    def lines(self, path: str, peak: int, hit_ratio: list[str]) -> list[str]:
        """Return how the limit of one of them comes about; `hit_ratio`: for which one the service's need is."""
        return [
            f"{self.source}, which they share, is {units.size(self.capacity)}",
            *self.wanted.lines,
            *hit_ratio,
            *self.rest.lines,
            reserve_line(self.reserve, RESERVE_SHARE, self.wanted.bytes, self.rest.bytes),
            self._left_line(),
            *self._share_line(path),
            f"{path} used {units.size(peak)} at its peak",
            *self.floors[path].lines,
        ]

    def _left_line(self) -> str:
        if self.left <= 0:
            return f"left for {self.names}: nothing"
        # Summands of one unit and one digit more than elsewhere: who adds them up shall come to the same.
        sums = " - ".join(f"{_tenths(part) / 10:,.1f}" for part in (self.capacity, *self._taken) if part)
        return f"left for {self.names}: {sums} = {_tenths(self.left) / 10:,.1f} MiB"

    def _share_line(self, path: str) -> list[str]:
        if self.above < 0:
            return []
        value = self.value(path)
        if len(self.guilt) == 1:
            return [f"in whole MiB: {value // MIB} MiB"]
        return [
            f"each keeps its floor; of the {units.size(self.above)} above the floors {path} gets "
            f"{units.percent(self.part(path))} (the larger its share of the evictions, the less), in whole MiB "
            f"{value // MIB} MiB in all"
        ]


def divided(windows: Windows, path: str, everybody: dict[str, float]) -> Division | str:
    """Return the division of the room that a cgroup shares with the service, or why there is none.

    `everybody`: the shares of the evictions of all who are to be contained. Who lies outside the room takes nothing of
    it, whatever else it did. On a host the cache that others kept is to stay theirs, if that leaves everybody a floor:
    who streams through a host's memory fills all of it, at the cost of everybody's cache.
    """
    capacity, source, room = shared_room(windows, path)
    guilt = {p: share for p, share in everybody.items() if room is None or is_within(p, room)}
    floors = {p: least for p in guilt if (least := floor(windows, p)) is not None}
    wanted, rest = need(windows), others(windows, list(guilt), room)
    if len(floors) < len(guilt) or wanted is None or rest is None:
        unread = " and ".join(p for p in guilt if p not in floors)
        return (
            f"{f'the memory of {unread}' if unread else 'its memory'} was not measured, so no limit can be worked out"
        )
    division = Division(capacity, source, room, wanted, rest, floors, guilt)
    with_cache = others(windows, list(guilt), None, with_cache=True) if room is None else None
    closer = division if with_cache is None else replace(division, rest=with_cache, cache_stays=True)
    return closer if closer.above >= 0 else division


def _tenths(size: float) -> int:
    """Return a size in tenths of a MiB: what is left is worked out from these, so that the sum adds up as printed."""
    return round(size * 10 / MIB)
