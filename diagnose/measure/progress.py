"""What is known after each window of a capture that goes on, for the screen (plain values: no kernel, no terminal)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Evicted:
    """Pages evicted from the service's page cache so far (not those of files that were removed), and by whom most."""

    pages: int
    most_by: str | None = None
    """Path of the cgroup that evicted most, "/" for the host's own reclaim; None: nobody yet, or one that is gone."""
    most_pages: int = 0


@dataclass(frozen=True)
class Progress:
    """A capture so far. None: not measured here."""

    window: int
    """Windows measured so far."""
    windows: int
    reads: int | None
    """File reads of the service in the last window."""
    missed: int | None
    window_seconds: float = 1.0
    hit_ratio: float | None = None
    """Of the service's buffered reads in the last window, in pages; None too where nothing was looked up."""
    hit_ratio_so_far: float | None = None
    octaves: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """File reads so far by kind ("hit", "missed", …) and octave of latency; the first ends at 8 ns."""
    evicted: Evicted | None = None


WindowSeen = Callable[[Progress], None]
