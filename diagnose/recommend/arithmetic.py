"""How a value comes about, a step each: figures that the other modules do not have as values of their own (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.limits import Limit
from diagnose.recommend.floor import Floor
from diagnose.recommend.need import CacheWanted, SwappedBack, UsedAtPeak
from diagnose.recommend.room import CacheKept, HeldBelow, HeldOnHost, Room, Spare
from diagnose.recommend.sizing import MIB, RESERVE_SHARE


@dataclass(frozen=True)
class HitRatio:
    """The hit ratio for which the need of the service is worked out, and that of the capture; None: not measured."""

    before: float | None
    after: float | None


@dataclass(frozen=True)
class Reserve:
    """What is kept in reserve of some parts, in bytes."""

    of_bytes: tuple[int, ...]

    @property
    def share(self) -> float:
        return RESERVE_SHARE

    @property
    def bytes(self) -> int:
        return int(sum(self.of_bytes) * RESERVE_SHARE)


@dataclass(frozen=True)
class Left:
    """What a room leaves for cgroups once some parts are taken off, worked out in tenths of a MiB."""

    cgroups: tuple[str, ...]
    capacity_bytes: int
    taken_bytes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        # Worked out from rounded figures, so that who adds them up as they are printed comes to the same.
        return (tenths_of_mib(self.capacity_bytes) - sum(map(tenths_of_mib, self.taken_bytes))) * MIB // 10


@dataclass(frozen=True)
class WholeMib:
    """The value, in whole MiB; `more_bytes` above the one in force (None: there is none, or it is no matter)."""

    bytes: int
    more_bytes: int | None = None


@dataclass(frozen=True)
class PartAboveFloors:
    """What a cgroup gets of a room: its floor, and a share of what is left above all floors; the less the guiltier."""

    cgroup: str
    above_bytes: int
    share: float
    value_bytes: int


@dataclass(frozen=True)
class Peak:
    cgroup: str
    bytes: int


@dataclass(frozen=True)
class ActiveCache:
    """The cache that a cgroup has in active use, and with its memory that is no cache: what it wants kept."""

    cgroup: str
    active_bytes: int
    wanted_bytes: int
    shares_memory: bool
    """It holds shared memory, too."""
    fits: bool


@dataclass(frozen=True)
class LimitNow:
    """The limit in force, and what was used below it (None: that is no matter)."""

    limit: Limit
    used_bytes: int | None = None


@dataclass(frozen=True)
class SwapBelow:
    """What lay in swap at its peak of all that belongs below a limit; None: not measured."""

    bytes: int | None


@dataclass(frozen=True)
class LiesOutside:
    """What the service held at least outside of a part of it."""

    part: str
    bytes: int


@dataclass(frozen=True)
class StaysApart:
    """A limit keeps its distance to another one that is raised."""

    limit: Limit
    before_bytes: int
    raised_to_bytes: int
    after_bytes: int


@dataclass(frozen=True)
class TimesHigh:
    """memory.max as so many times memory.high."""

    factor: float
    high_bytes: int
    bytes: int


@dataclass(frozen=True)
class Protected:
    """What is protected, in whole MiB, within the cgroup's own limit and all there is."""

    bytes: int


Line = (
    Room | UsedAtPeak | CacheWanted | SwappedBack | HitRatio | HeldBelow | HeldOnHost | CacheKept | Reserve | Left
    | WholeMib | PartAboveFloors | Peak | Floor | ActiveCache | LimitNow | SwapBelow | LiesOutside | Spare | StaysApart
    | TimesHigh | Protected
)  # fmt: skip


def tenths_of_mib(size: float) -> int:
    """Return a size in bytes in tenths of a MiB."""
    return round(size * 10 / MIB)
