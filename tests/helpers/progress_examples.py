"""Progress as the battery gives it, of a made-up capture."""

from __future__ import annotations

from typing import Any

from diagnose.cli.progress import Evicted, Progress

OCTAVES = 36


def octaves(**counts: dict[int, int]) -> dict[str, list[int]]:
    """Return counts by kind and octave out of {octave: count}."""
    return {kind: [at.get(i, 0) for i in range(OCTAVES)] for kind, at in counts.items()}


def seen(window: int = 37, windows: int = 120, **changes: Any) -> Progress:
    fields: dict[str, Any] = {
        "window": window,
        "windows": windows,
        "reads": 12_345,
        "missed": 67,
        "hit_ratio": 0.9982,
        "hit_ratio_so_far": 0.988,
        "octaves": octaves(
            hit={8: 62, 9: 103_807, 10: 35_744, 14: 353}, missed={13: 30, 14: 1953, 20: 8}, direct={}, io_uring={}
        ),
        "evicted": Evicted(pages=11_586, most_by="/dg/batch", most_pages=10_852),
    }
    return Progress(**{**fields, **changes})
