"""Recorded captures with figures changed: still of the right types, but of no host, or of a strange one."""

from __future__ import annotations

import gzip
import json
from functools import cache
from random import Random
from typing import Any

from diagnose.lab import RECORDED
from tests.helpers.paths import CHECKOUT

Place = tuple[str, ...]
FACTORS = (0, 0.1, 0.5, 1.02, 2, 3, 10, 1000)
_KEPT = ("window", "cgroup", "evictor", "victim", "own", "bin", "octave")
"""Columns that say where a figure belongs."""
_SINGLE: tuple[Place, ...] = (
    ("blame", "distinct_refaulted_pages"), ("blame", "touched_pages"), ("blame", "remembered_pages"),
    ("host", "cpus"), ("host", "memory_bytes"), ("window_seconds",),
)  # fmt: skip


@cache
def _recorded() -> list[str]:
    folders = (RECORDED, CHECKOUT / "tests" / "recorded_without_bpf")
    files = [path for folder in folders for path in sorted(folder.glob("*.capture.json.gz"))]
    return [gzip.decompress(path.read_bytes()).decode() for path in files]


def changed(random: Random) -> bytes:
    """Return the file of a recorded capture with one to three of its figures, or columns of them, changed."""
    document = json.loads(random.choice(_recorded()))
    for _ in range(random.choice((1, 1, 2, 3))):
        places = _columns(document)
        table = random.choice(sorted({place[:-1] for place in places}))
        place = random.choice([p for p in places if p[:-1] == table] + [p for p in _SINGLE if random.random() < 0.05])
        _change(random, document, place)
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 1)


def _columns(node: Any, place: Place = ()) -> list[Place]:
    """Return the places of the columns of numbers."""
    found: list[Place] = []
    for key, value in node.items():
        if isinstance(value, dict):
            found += _columns(value, (*place, key))
        elif isinstance(value, list) and key not in _KEPT and place and any(isinstance(cell, int) for cell in value):
            found.append((*place, key))
    return found


def _change(random: Random, document: Any, place: Place) -> None:
    node, factor = document, random.choice(FACTORS)
    for key in place[:-1]:
        node = node[key]
        if node is None:
            return
    value = node[place[-1]]
    if not isinstance(value, list):
        node[place[-1]] = max(1, int((value or 1) * factor)) if isinstance(value, int | None) else value * (factor or 1)
    elif random.random() < 0.5:
        node[place[-1]] = [None if cell is None else int(cell * factor) for cell in value]
    else:
        at = random.randrange(len(value))
        value[at] = int((value[at] or 0) * factor) + random.choice((0, 1000, 10**9))
