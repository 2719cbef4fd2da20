"""Usage and floor at this moment: what a cgroup holds, cannot give back, and should never be limited below."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.cgroups import Sample
from diagnose.recommend.floor import floor_now, held_now


@dataclass(frozen=True)
class Now:
    """In bytes; None: could not be read."""

    usage_bytes: int | None
    held_bytes: int | None
    floor_bytes: int | None


def now(sample: Sample) -> Now:
    """Return usage and floor by one reading of a cgroup; without anonymous memory there is no floor to speak of."""
    return Now(sample.get("usage_bytes"), held_now(sample), floor_now(sample))
