"""The tables of a capture, columns of equal length: what was measured, by window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Self

import numpy as np
from pydantic import model_validator

from diagnose.capture.base import (
    ONE_FAULT,
    BlockOp,
    Cause,
    CgroupId,
    CgroupIds,
    Count,
    Counts,
    Inode,
    Model,
    ReadKind,
    Stage,
    StallKind,
    Window,
    Windows,
    at_most,
    few_words,
)
from diagnose.capture.bounds import MAX_COLUMNS, MAX_DEVICES, MAX_DROPPERS, MAX_EXAMPLES, MAX_FILES, MAX_WINDOWS
from diagnose.capture.columns import Cells, Column
from diagnose.capture.strings import Comm, Device, FilePath, Word

CGROUP_COLUMNS = ("cgroup", "evictor", "victim")
"""The columns of tables that hold ids of cgroups (None or 0: unknown)."""
LatencyBins = Annotated[Sequence[int], Cells(0, 512)]
Readings = Annotated[Sequence[int | None], Cells(0, 2**63, or_none=True)]


class Table(Model):
    """Columns of equal length; None stands for a column that was not measured."""

    @model_validator(mode="after")
    def _equal_lengths(self) -> Self:
        columns = self.columns()
        lengths = {len(c) for c in columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of unequal length: { {k: len(c) for k, c in columns.items()} }")
        return self

    def columns(self) -> dict[str, Sequence[object]]:
        """Return the measured columns by name."""
        return {name: v for name in type(self).model_fields if isinstance(v := getattr(self, name), Column | list)}

    def cgroups(self) -> set[int]:
        """Return the ids of the cgroups that it speaks of."""
        found: set[int] = set()
        for name in CGROUP_COLUMNS:
            cells = getattr(self, name, None)
            found.update(np.unique(cells.numbers).tolist() if isinstance(cells, Column) else filter(None, cells or ()))
        return found - {0}


class Reads(Table):
    """Reads of the service by kind and latency bin (see `histogram.py` for the bins, in ns)."""

    window: Windows = []
    kind: Annotated[list[ReadKind], ONE_FAULT] = []
    bin: LatencyBins = []
    count: Counts = []


class ReadTotals(Table):
    """Sums over the service's reads, one row per window and kind. Pages are what regular-file reads covered."""

    window: Windows = []
    kind: Annotated[list[ReadKind], ONE_FAULT] = []
    count: Counts = []
    total_ns: Counts = []
    total_bytes: Counts = []
    looked_up_pages: Counts = []
    missed_pages: Counts = []


class ReadDelays(Table):
    """What delayed reads of 10 us and more, by octave of latency (bin // 8): waiting for a CPU, reclaiming memory."""

    window: Windows = []
    kind: Annotated[list[ReadKind], ONE_FAULT] = []
    octave: Annotated[Sequence[int], Cells(0, 64)] = []
    runqueue_ns: Counts | None = []
    reclaim_ns: Counts = []


class BlamedReads(Table):
    """Missed reads that waited for a page which `evictor` had removed during the capture."""

    window: Windows = []
    evictor: CgroupIds = []
    cause: Annotated[list[Cause], ONE_FAULT] = []
    reads: Counts = []
    total_ns: Counts = []


class Bins(Table):
    """A sparse histogram in the bins of `histogram.py`."""

    bin: LatencyBins = []
    count: Counts = []


class ExampleRead(Model):
    """One blamed read, with all that is known of it."""

    window: Window
    offset_ns: Count
    """Since the beginning of window 0."""
    latency_ns: Count
    tid: Count
    comm: Comm
    device: Device
    inode: Inode
    path: FilePath | None
    position_bytes: Count
    evictor: CgroupId
    cause: Cause
    age_ns: Count
    """From the eviction to the beginning of the read."""


class Blame(Model):
    """The chain from slow reads to evictions. Refault distances are in pages of the service evicted in between."""

    reads: BlamedReads
    age_ns: Bins
    distance_pages: Bins
    distinct_refaulted_pages: Count
    """Different pages that were evicted during the capture and fetched again."""
    touched_pages: Count | None = None
    """Different pages that the service read, estimated from a sample of one in 64; None: not measured."""
    touched_pages_margin: Count | None = None
    """Two standard errors of that estimate, by the spread of the sample's groups."""
    remembered_pages: Count | None = None
    """How many evicted pages the bounded map holds; of more the oldest are forgotten."""
    map_bytes: Count | None = None
    """Kernel memory of the maps behind all this, fixed from the start; None: this kernel does not tell."""
    examples: Annotated[list[ExampleRead], ONE_FAULT, at_most(MAX_EXAMPLES)]
    """The slowest blamed reads, one a window at most, the slowest first."""


class ReadFile(Model):
    """A file that the service waited for: reads that missed, were direct or took at least `slow_read_ns`."""

    device: Device
    inode: Inode
    path: FilePath | None
    slow_reads: Count
    missed_reads: Count
    total_ns: Count


class BlockRequests(Table):
    """Completed block requests. `cgroup` submitted them (None: unknown). `queue_ns` None: device has no time stamps."""

    window: Windows = []
    device: Annotated[list[Device], ONE_FAULT, few_words(MAX_DEVICES)] = []
    op: Annotated[list[BlockOp], ONE_FAULT] = []
    cgroup: Annotated[list[CgroupId | None], ONE_FAULT] = []
    requests: Counts = []
    bytes: Counts = []
    queue_ns: Readings = []
    service_ns: Counts = []


class BlockLatency(Table):
    """Block requests by device, direction, stage (queueing or service) and latency bin (ns)."""

    window: Windows = []
    device: Annotated[list[Device], ONE_FAULT, few_words(MAX_DEVICES)] = []
    op: Annotated[list[BlockOp], ONE_FAULT] = []
    stage: Annotated[list[Stage], ONE_FAULT] = []
    own: Annotated[Sequence[int], Cells(0, 2)] = []
    """1: a request of the observed service; 0: of anybody else."""
    bin: LatencyBins = []
    count: Counts = []


class Cache(Table):
    """Page-cache traffic by the cgroup whose task did it, in pages.

    `looked_up`: pages that buffered reads asked for; `missed`: those of them absent at look-up; `inserted`: pages
    added to the cache for any reason (read, readahead, write, fault); `dirtied`: pages made dirty.
    """

    window: Windows = []
    cgroup: CgroupIds = []
    looked_up: Counts | None = []
    missed: Counts | None = []
    inserted: Counts = []
    dirtied: Counts | None = []


class Evictions(Table):
    """Pages removed from the page cache: `evictor`'s task removed pages charged to `victim`, and why."""

    window: Windows = []
    evictor: CgroupIds = []
    victim: CgroupIds = []
    cause: Annotated[list[Cause], ONE_FAULT] = []
    pages: Counts = []


class Dropper(Model):
    """A command that dropped or invalidated pages, or wrote to memory.reclaim."""

    cgroup: CgroupId
    cause: Cause
    comm: Comm
    pages: Count


class Stalls(Table):
    """How often and how long tasks of a cgroup were held up by the memory management."""

    window: Windows = []
    cgroup: CgroupIds = []
    kind: Annotated[list[StallKind], ONE_FAULT] = []
    stalls: Counts = []
    total_ns: Counts = []


class Samples(Model):
    """Readings of files, at the end of each window (`window` -1: at the start). Counters are raw, not differences."""

    window: Annotated[Sequence[int], Cells(-1, MAX_WINDOWS)] = []
    values: Annotated[dict[Word, Readings], at_most(MAX_COLUMNS)] = {}

    @model_validator(mode="after")
    def _equal_lengths(self) -> Self:
        for name, column in self.values.items():
            if len(column) != len(self.window):
                raise ValueError(f"{name}: {len(column)} values for {len(self.window)} readings")
        return self


class CgroupSamples(Samples):
    """Readings of a cgroup and its subtree; `cgroup` is as long as `window`. For the keys see `cgroups/reading.py`."""

    cgroup: CgroupIds = []

    @model_validator(mode="after")
    def _one_cgroup_a_reading(self) -> Self:
        if len(self.cgroup) != len(self.window):
            raise ValueError(f"cgroup: {len(self.cgroup)} values for {len(self.window)} readings")
        return self


class Tables(Model):
    """What the instruments give to a capture. A field that came later has a default: older captures lack it."""

    reads: Reads
    read_totals: ReadTotals
    read_delays: ReadDelays | None = None
    blame: Blame | None = None
    """None: not measured (a probe it needs did not attach)."""
    files: Annotated[list[ReadFile], ONE_FAULT, at_most(MAX_FILES)]
    block_requests: BlockRequests
    block_latency: BlockLatency
    cache: Cache
    evictions: Evictions
    droppers: Annotated[list[Dropper], ONE_FAULT, at_most(MAX_DROPPERS)] = []
    stalls: Stalls | None = None
    """None: not measured."""
    cgroup_samples: CgroupSamples
    host_samples: Samples


def empty(fields: Iterable[str]) -> dict[str, Any]:
    """Return those of some fields that a capture must have, as they are where nothing measured them."""
    required = {name: field.annotation for name, field in Tables.model_fields.items() if field.is_required()}
    return {name: required[name]() for name in fields if name in required}  # type: ignore[misc]


def tables_of(model: Model) -> Iterator[Table]:
    """Yield the tables in a model, also those within its parts."""
    for part in (getattr(model, name) for name in type(model).model_fields):
        if isinstance(part, Table):
            yield part
        elif isinstance(part, Model):
            yield from tables_of(part)
