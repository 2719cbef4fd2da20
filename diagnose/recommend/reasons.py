"""Why a setting is changed, or why no value of it is safe (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.recommend.growing import Outgrows
from diagnose.recommend.room import Spare

# ---------------------------------------------------------------- why it is changed


@dataclass(frozen=True)
class RoundsByGenerations:
    """The host's reclaim goes round the cgroups by generations (lru_gen.enabled), which memory.low does not outlast."""

    lru_gen_enabled: int


Unprotected = Literal["no-memory-low"] | RoundsByGenerations
"""Why nothing protects the service itself; "no-memory-low": on cgroup v1 there is none."""


@dataclass(frozen=True)
class Contains:
    """The cgroup evicted pages of the service; of those an estimate, by inflow, were removed by kswapd."""

    cgroup: str
    service: str
    evicted_pages: float
    apportioned_pages: float
    seconds: float
    unprotected: Unprotected | None
    """Where this is all that can be done."""


@dataclass(frozen=True)
class Protects:
    """The service; `ancestor`: or a cgroup that bounds what its protection is worth."""

    service: str
    ancestor: bool


@dataclass(frozen=True)
class OwnReclaim:
    """A cgroup reclaims its own pages at its limit and then needs them again; `swaps`: of its own memory as well."""

    cgroup: str
    swaps: bool


@dataclass(frozen=True)
class SharedTooSmall:
    service: str
    limit_bytes: int


@dataclass(frozen=True)
class BelowIsSwapped:
    """What is below a limit needs more than that: the rest went to swap."""

    limit_bytes: int


@dataclass(frozen=True)
class MakesWay:
    """Another limit of the cgroup would be the lower one once `raised` is raised."""

    cgroup: str
    setting: str
    before_bytes: int
    raised: str


# ---------------------------------------------------------------- why no value is safe


@dataclass(frozen=True)
class NotMeasured:
    """The memory of these cgroups was not measured; without any: that of the one in question, or of the others."""

    cgroups: tuple[str, ...] = ()


@dataclass(frozen=True)
class UsesLess:
    """The cgroup never used as much as is left for it; `cache_must_go`: once others have given up their cache."""

    left_bytes: int
    peak_bytes: int
    cache_must_go: bool


@dataclass(frozen=True)
class LimitedAlready:
    """A limit of the same kind allows no more than what is left."""

    left_bytes: int
    setting: str
    current_bytes: int
    cache_must_go: bool


@dataclass(frozen=True)
class TooLittle:
    """What is left for some cgroups is less than their floors; `growing`: those whose floors still rise."""

    cgroups: tuple[str, ...]
    left_bytes: int
    floors_bytes: int
    growing: tuple[tuple[str, Outgrows], ...] = ()


@dataclass(frozen=True)
class PartsAtLimits:
    """Other parts of the service hit limits of their own, too, and which of them lacks how much was not measured."""

    cgroups: tuple[str, ...]


@dataclass(frozen=True)
class Lacking:
    """More is wanted than there is to give, or than is known to be there."""

    more_bytes: int
    spare: Spare


Why = (
    NotMeasured
    | Outgrows
    | UsesLess
    | LimitedAlready
    | TooLittle
    | PartsAtLimits
    | Lacking
    | Literal[
        "part-not-measured", "swap-not-measured", "wants-not-measured", "need-fits", "all-fits", "nothing-swapped"
    ]
)
"""Of the codes the first three: how much of the service lies in a part, or of it in swap, or what of it came back and
is wanted again, was not measured. "need-fits": what it needs is below the limit already; "all-fits": what was used
below it and what lay in swap are; "nothing-swapped": nobody knows how much more it needs."""


@dataclass(frozen=True)
class NoSafeLimit:
    """For these cgroups none is, or none is known."""

    cgroups: tuple[str, ...]
    why: Why


Reason = (
    Contains | Protects | OwnReclaim | SharedTooSmall | BelowIsSwapped | MakesWay | NoSafeLimit | Literal["backstop"]
)
