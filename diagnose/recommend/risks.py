"""What a change may cost, a sentence each (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.recommend.room import Spare


@dataclass(frozen=True)
class GetsLess:
    """The contained one gets so much instead of its peak."""

    cgroup: str
    value_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class CacheServes:
    """A share of the pages that the contained one read was in the cache already, and may have to be read again."""

    wanted_pages: float
    found_share: float


@dataclass(frozen=True)
class HardlyReuses:
    """For what it read the contained one brought about as much into the cache: hardly any of it had been there."""

    wanted_pages: float
    brought_pages: float
    again_pages: float | None
    """Came back after their eviction; None: not measured."""
    active_bytes: int | None
    """Cache on the active list that does not fit below the limit; None: it fits, or was not measured."""


@dataclass(frozen=True)
class ReadAgain:
    """So many pages the contained one read again after their eviction; nobody saw how many it looked up."""

    pages: float


@dataclass(frozen=True)
class DirtyAboveLimit:
    """It held more dirty pages than the limit allows: its writes will wait."""

    bytes: int


@dataclass(frozen=True)
class RefillsWithoutLimit:
    """More room on the host is filled again by these cgroups."""

    cgroups: tuple[str, ...]


@dataclass(frozen=True)
class LimitsInMoreRoom:
    """Others have so much less, and the limited ones have hardly more than they cannot give back."""

    more_bytes: int
    spare: Spare
    cgroups: tuple[str, ...]


@dataclass(frozen=True)
class LessForOthers:
    """A limit is raised out of what others could have; `put_off`: where the service grows on, it reclaims again."""

    more_bytes: int
    spare: Spare
    put_off: bool = False


@dataclass(frozen=True)
class MayUseUpTo:
    """Where the limit `setting` does not hold what is below it."""

    setting: str
    bytes: int


@dataclass(frozen=True)
class WayBack:
    """Lowering the limit again makes the kernel reclaim at once (and on memory.max kill)."""

    setting: str


@dataclass(frozen=True)
class LessUnderPressure:
    """Of memory that is protected everybody else has less."""

    bytes: int


Risk = (
    GetsLess
    | CacheServes
    | HardlyReuses
    | ReadAgain
    | DirtyAboveLimit
    | RefillsWithoutLimit
    | LimitsInMoreRoom
    | LessForOthers
    | MayUseUpTo
    | WayBack
    | LessUnderPressure
    | Literal["waits-for-evicted", "waits-for-own", "waits-for-reclaim", "read-nothing", "hard-limit", "slows", "kills"]
)
"""Of the codes the first three: what goes on as long as nothing is changed. "read-nothing": the contained one has no
cached read to lose; then how the kernel enforces a v1 limit, memory.high, memory.max."""
