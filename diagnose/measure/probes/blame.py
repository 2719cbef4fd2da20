"""Which missed reads waited for pages that somebody had evicted: bpf/blame.c.

Yields `Blame`: blamed reads by window, evictor and cause; ages of the evictions (ns) and refault distances (pages); the
different pages that came back; example reads. It attaches nothing of its own: the reads, page-cache and evictions
probes feed it, and without any of them it measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from diagnose.capture.model import ProbeRecord
from diagnose.capture.tables import Bins, Blame, BlamedReads, ExampleRead, ReadFile
from diagnose.measure.bpf.maps import text
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.evictions import CAUSES
from diagnose.measure.probes.reads import device_name
from diagnose.measure.probes.rows import Rows
from diagnose.measure.probes.run import Ending

MAX_EXAMPLES = 10
MAPS = ("evicted_pages", "fetched_pages", "touched_pages", "blamed", "examples", "blame_ages", "refault_distances")
SAMPLE_ONE_IN = 64
_PAGE_KEY = np.dtype([("inode", "u8"), ("index", "u8"), ("device", "u4"), ("pad", "u4")])
SAMPLE_GROUPS = 8
_TOUCHED = np.dtype([("pages", "u4"), ("group", "u4")])
_KEY = np.dtype([("evictor", "u8"), ("window", "u4"), ("cause", "u4")])
_COUNTS = np.dtype([("reads", "u8"), ("total_ns", "u8")])
_EXAMPLE = np.dtype(
    [(n, "u8") for n in ("time_ns", "latency_ns", "inode", "position", "evictor", "age_ns")]
    + [(n, "u4") for n in ("device", "tid", "cause", "window")]
    + [("comm", "S16")]
)


class BlameProbe(Probe):
    """The chain from missed reads to evictions."""

    name = "blame"
    fed_by = ("reads", "page-cache", "evictions")
    fills = ("blame",)

    def __init__(self) -> None:
        self._rows = Rows("blamed", _KEY, _COUNTS)
        self._fed = False

    def settled(self, own: ProbeRecord, others: Sequence[ProbeRecord]) -> ProbeRecord:
        record = super().settled(own, others)
        self._fed = record.attached
        return record

    def drain(self, module: Module, finished: int) -> Pages:
        self._rows.drain(module, finished)
        return {}

    def ended(self, ending: Ending) -> dict[str, Any]:
        return {"blame": self._blame(ending) if self._fed else None}

    def _blame(self, ending: Ending) -> Blame:
        module = ending.module
        return Blame(
            reads=self._reads(ending.windows),
            age_ns=_bins(module, "blame_ages"),
            distance_pages=_bins(module, "refault_distances"),
            distinct_refaulted_pages=int(module.table("distinct_refaults").array()[0]),
            **_touched(module),
            remembered_pages=module.table("evicted_pages").max_entries,
            map_bytes=_map_bytes(module),
            examples=_examples(ending),
        )

    def _reads(self, windows: int) -> BlamedReads:
        keys, counts = self._rows.until(windows)
        return BlamedReads(
            window=keys["window"].tolist(),
            evictor=keys["evictor"].tolist(),
            cause=[CAUSES[c] for c in keys["cause"]],
            reads=counts["reads"].tolist(),
            total_ns=counts["total_ns"].tolist(),
        )


def _touched(module: Module) -> dict[str, int]:
    """Return the different pages read, by the sample, and two standard errors of that number."""
    _, sample = module.table("touched_pages").read(_PAGE_KEY, _TOUCHED)
    groups = np.bincount(sample["group"], weights=sample["pages"], minlength=SAMPLE_GROUPS)
    error = float(groups.std(ddof=1)) * SAMPLE_GROUPS**0.5
    return {
        "touched_pages": int(groups.sum()) * SAMPLE_ONE_IN,
        "touched_pages_margin": round(2 * error * SAMPLE_ONE_IN),
    }


def _map_bytes(module: Module) -> int | None:
    sizes = [module.table(name).memory_bytes() for name in MAPS]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _bins(module: Module, table: str) -> Bins:
    counts = module.table(table).array()
    bins = np.flatnonzero(counts)
    return Bins(bin=bins.tolist(), count=counts[bins].tolist())


def _examples(ending: Ending) -> list[ExampleRead]:
    """Return the slowest blamed reads; their paths are those that the instrument "reads" found."""
    _, rows = ending.module.table("examples").read(np.dtype([("window", "u4")]), _EXAMPLE)
    rows = rows[rows["window"] < ending.windows]
    slowest = rows[np.lexsort((rows["window"], -rows["latency_ns"].astype(np.int64)))][:MAX_EXAMPLES]
    files: list[ReadFile] = ending.fields["files"]
    paths = {(f.device, f.inode): f.path for f in files}
    return [
        ExampleRead(
            window=int(row["window"]),
            offset_ns=max(0, int(row["time_ns"]) - ending.start_ns),
            latency_ns=int(row["latency_ns"]),
            tid=int(row["tid"]),
            comm=text(row["comm"]),
            device=device_name(int(row["device"])),
            inode=int(row["inode"]),
            path=paths.get((device_name(int(row["device"])), int(row["inode"]))),
            position_bytes=int(row["position"]),
            evictor=int(row["evictor"]),
            cause=CAUSES[int(row["cause"])],
            age_ns=int(row["age_ns"]),
        )
        for row in slowest
    ]
