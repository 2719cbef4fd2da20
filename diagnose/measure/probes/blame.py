"""Which missed reads waited for pages that somebody had evicted: bpf/blame.c.

Yields `Blame`: blamed reads by window, evictor and cause; ages of the evictions (ns) and refault distances (pages); the
different pages that came back; example reads. It attaches nothing of its own: the reads, page-cache and evictions
probes feed it, and without any of them it measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.capture.model import ProbeRecord
from diagnose.capture.tables import Bins, Blame, BlamedReads, ExampleRead, ReadFile
from diagnose.measure.bpf.maps import text
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.evictions import CAUSES
from diagnose.measure.probes.reads import device_name

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


class BlameProbe:
    """The chain from missed reads to evictions."""

    name = "blame"
    needs = ("reads", "page-cache", "evictions")

    def __init__(self) -> None:
        self._drained: list[tuple[NDArray[Any], NDArray[Any]]] = []
        self._attached = False

    def attach(self, others: Sequence[ProbeRecord]) -> ProbeRecord:
        """Measured where the probes that feed it are."""
        missing = [p.probe for p in others if p.probe in self.needs and not p.attached]
        self._attached = not missing
        if self._attached:
            return ProbeRecord(probe=self.name, attached=True)
        reason = f"it is fed by probes that did not attach: {', '.join(missing)}"
        return ProbeRecord(probe=self.name, attached=False, reason=reason, how_to_enable="see: diagnose doctor")

    def drain(self, module: Module, finished: int) -> None:
        self._drained.append(module.table("blamed").drain(_KEY, _COUNTS, finished))

    def result(self, module: Module, windows: int, start_ns: int, files: Sequence[ReadFile]) -> Blame | None:
        """Return what was found; `start_ns`: the beginning of window 0 on the kernel's monotonic clock."""
        if not self._attached:
            return None
        return Blame(
            reads=self._reads(windows),
            age_ns=_bins(module, "blame_ages"),
            distance_pages=_bins(module, "refault_distances"),
            distinct_refaulted_pages=int(module.table("distinct_refaults").array()[0]),
            **_touched(module),
            remembered_pages=module.table("evicted_pages").max_entries,
            map_bytes=_map_bytes(module),
            examples=_examples(module, windows, start_ns, files),
        )

    def _reads(self, windows: int) -> BlamedReads:
        keys = np.concatenate([k for k, _ in self._drained] or [np.zeros(0, _KEY)])
        counts = np.concatenate([c for _, c in self._drained] or [np.zeros(0, _COUNTS)])
        keep = keys["window"] < windows
        keys, counts = keys[keep], counts[keep]
        order = np.lexsort((keys["cause"], keys["evictor"], keys["window"]))
        return BlamedReads(
            window=keys["window"][order].tolist(),
            evictor=keys["evictor"][order].tolist(),
            cause=[CAUSES[c] for c in keys["cause"][order]],
            reads=counts["reads"][order].tolist(),
            total_ns=counts["total_ns"][order].tolist(),
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


def _examples(module: Module, windows: int, start_ns: int, files: Sequence[ReadFile]) -> list[ExampleRead]:
    _, rows = module.table("examples").read(np.dtype([("window", "u4")]), _EXAMPLE)
    rows = rows[rows["window"] < windows]
    slowest = rows[np.lexsort((rows["window"], -rows["latency_ns"].astype(np.int64)))][:MAX_EXAMPLES]
    paths = {(f.device, f.inode): f.path for f in files}
    return [
        ExampleRead(
            window=int(row["window"]),
            offset_ns=max(0, int(row["time_ns"]) - start_ns),
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
