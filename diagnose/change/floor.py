"""Usage and floor at this moment: what a cgroup holds, cannot give back, and should never be limited below."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.cgroups import Sample
from diagnose.recommend.sizing import HEADROOM_BYTES, HEADROOM_SHARE

_HELD = ("anon_bytes", "kernel_bytes", "unevictable_bytes", "shmem_bytes")
"""The same parts as in the report's floor (recommend/sizing.py), as one reading instead of the peaks of a capture. How
much dirty memory stays for long only a capture can tell; between the steps of `apply` it is written back."""


@dataclass(frozen=True)
class Now:
    """In bytes; None: could not be read."""

    usage_bytes: int | None
    held_bytes: int | None
    floor_bytes: int | None


def now(sample: Sample) -> Now:
    """Return usage and floor by one reading of a cgroup; without anonymous memory there is no floor to speak of."""
    if sample.get("anon_bytes") is None:
        return Now(sample.get("usage_bytes"), None, None)
    held = sum(value for key in _HELD if (value := sample.get(key)) is not None)
    return Now(sample.get("usage_bytes"), held, held + max(HEADROOM_BYTES, int(held * HEADROOM_SHARE)))
