"""The scenarios as data: who runs what under which limit, and what a diagnosis should say about it.

The sizes of `noisy-neighbour` follow from how the kernel protects a cache. Pages that are read twice become active,
and reclaim leaves active file pages alone while the inactive ones of the limited subtree outnumber them
(`inactive_is_low` and `prepare_scan_control` in mm/vmscan.c, classic LRU): a hot file of less than half the limit
loses pages once and then survives any stream. So it takes seven tenths here: it fits when it is alone, and loses pages
in every burst. Every block is read about once a second: what a burst took is back at once when it ends, and a host's
proactive reclaim (DAMON), which takes what looks idle, finds little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1 << 20


@dataclass(frozen=True)
class Actor:
    """One process in a cgroup of its own under the parent.

    `options` go to the program as they are; `file_bytes` is the disk space that it will write. `limit_bytes` is a
    hard limit of its own cgroup (None: only the parent's).
    """

    role: str
    program: str
    options: Mapping[str, float]
    file_bytes: int = 0
    limit_bytes: int | None = None


@dataclass(frozen=True)
class Scenario:
    """What to set up, and the truth about it: `expected` is a rule id or "healthy", `culprit` a role or None."""

    name: str
    sets_up: str
    """One sentence."""
    expected: str
    culprit: str | None
    parent_limit_bytes: int
    actors: tuple[Actor, ...] = field(default=())

    @property
    def file_bytes(self) -> int:
        """Disk space that the scenario needs, in bytes."""
        return sum(actor.file_bytes for actor in self.actors)


PARENT_LIMIT = 288 * MIB
HOT_FILE = 208 * MIB
DATA_SET = 768 * MIB
SMALL_FILE = 16 * MIB
BUSY_FILE = 48 * MIB
"""Read all over several times a second, so that proactive reclaim (DAMON) finds none of its pages idle."""


def _service(limit_bytes: int | None = None, file_bytes: int = HOT_FILE) -> Actor:
    """Return the observed service: 16 KiB reads (a database page) all over a hot file, 16,000 a second."""
    options = {"bytes": file_bytes, "reads_per_second": 16_000}
    return Actor("service", "point_reads", options, file_bytes, limit_bytes)


_ALL = (
    Scenario(
        name="noisy-neighbour",
        sets_up="A batch job streams a large data set in bursts and pushes the service's hot file out of the cache.",
        expected="page-cache-noisy-neighbour",
        culprit="batch",
        parent_limit_bytes=PARENT_LIMIT,
        actors=(
            _service(),
            Actor("batch", "stream", {"bytes": DATA_SET, "bytes_per_second": 400 * MIB}, DATA_SET),
        ),
    ),
    Scenario(
        name="healthy",
        sets_up="The same service beside a batch job that computes and re-reads a small file: everything fits.",
        expected="healthy",
        culprit=None,
        parent_limit_bytes=PARENT_LIMIT,
        actors=(_service(file_bytes=BUSY_FILE), Actor("batch", "compute", {"bytes": SMALL_FILE}, SMALL_FILE)),
    ),
)

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
