"""What can be done where no value is safe (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.recommend.room import Room, Spare

Limits = tuple[tuple[str, int], ...]
"""Cgroups, and the limit of each in bytes."""


@dataclass(frozen=True)
class RunElsewhere:
    cgroups: tuple[str, ...]


@dataclass(frozen=True)
class ReadUncached:
    """Have cgroups whose room is mostly page cache use none."""

    cgroups: tuple[str, ...]


@dataclass(frozen=True)
class MoreRoom:
    """More memory for the room that service and neighbours share, and with it these limits, or it fills again."""

    room: Room
    more_bytes: int
    spare: Spare
    """Where it comes from; on a host that is no matter."""
    limits: Limits


@dataclass(frozen=True)
class ByAQuarter:
    """Raise the limit by a quarter, to so many bytes, and measure again."""

    to_bytes: int


@dataclass(frozen=True)
class StepByStep:
    """Raise the limit from so many bytes on, until nothing is swapped in."""

    from_bytes: int


@dataclass(frozen=True)
class GiveFirst:
    """Give what bounds the limit what it lacks, and then the limit what is wanted."""

    spare: Spare
    lacking_bytes: int
    more_bytes: int


Way = (
    RunElsewhere
    | ReadUncached
    | MoreRoom
    | ByAQuarter
    | StepByStep
    | GiveFirst
    | Literal["measure-longer", "measure-once-grown", "more-memory", "read-less", "write-less", "quarters"]
)
"""Of the codes: measure again, for longer; or once the job holds all that it needs; a host with more memory for the
service; less memory or less reading in it; less allocating and writing in it; raise by a quarter each, and measure."""
