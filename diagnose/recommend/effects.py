"""What a change is expected to bring (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.recommend.prediction import Prediction


@dataclass(frozen=True)
class Predicted:
    """Reads before and after; `trouble_share`: of slow reads, from which on they are a trouble (None: not judged)."""

    prediction: Prediction
    trouble_share: float | None
    contained_too: tuple[str, ...] = ()
    """It takes limits on these cgroups as well."""
    with_more_room: bool = False
    """It takes more room for all and the limit together."""


@dataclass(frozen=True)
class StaysCached:
    """What a cgroup evicted of the service stays, where no more can be predicted."""

    cgroup: str
    evicted_pages: float
    contained_too: tuple[str, ...] = ()


@dataclass(frozen=True)
class RaisedOwn:
    """The service's own reclaim ends: of its files, and (`swaps`) of its own memory, of which nothing is predicted."""

    prediction: Prediction | None
    trouble_share: float | None
    swaps: bool


@dataclass(frozen=True)
class PassedOver:
    """So much of a cgroup is passed over by reclaim."""

    cgroup: str
    bytes: int


@dataclass(frozen=True)
class OtherLimitFelt:
    """None by itself: another limit of the cgroup stays the one that is felt."""

    setting: str


Effect = (
    Predicted
    | StaysCached
    | RaisedOwn
    | PassedOver
    | OtherLimitFelt
    | Literal["none-suggested", "backstop", "swap-fits"]
)
