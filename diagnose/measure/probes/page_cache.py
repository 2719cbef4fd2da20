"""Page-cache traffic by cgroup: bpf/page_cache.c.

Yields `Cache`: pages looked up, missed, inserted, dirtied, by window and cgroup of the acting task. Where the kernel
has no tracepoint mm_filemap_get_pages (before 6.12), a kprobe sees the look-ups; where it has no kprobes either, looked
up and missed are None. Dirtied is None where it has no writeback_dirty_folio.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.capture.model import ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.capture.tables import Cache
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.compat import LOOKUP
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.rows import Rows
from diagnose.measure.probes.run import Ending

SLOTS = 16
"""READ_SLOTS of bpf/reads.c."""

_KEY = np.dtype([("cgroup", "u8"), ("window", "u4"), ("pad", "u4")])
_COUNTS = np.dtype([(n, "u8") for n in ("looked_up", "missed", "inserted", "dirtied")])
_LOOK_UPS = np.dtype([(n, "u8") for n in ("tag", "cgroup", "looked_up", "missed")])


class PageCacheProbe(Probe):
    """Pages looked up, missed, inserted and dirtied, by cgroup."""

    name = "page-cache"
    attachments = (
        Attachment("raw", "mm_filemap_add_to_page_cache", "on_insert", arguments=("folio|page",)),
        LOOKUP,
        Attachment("raw", "writeback_dirty_folio", "on_dirty", ("cache.dirtied",), ("folio",)),
    )

    fills = ("cache",)
    loops = True

    def __init__(self) -> None:
        self._rows = Rows("cache", _KEY, _COUNTS)
        self._missing: list[str] = []
        self._next = 0

    def attach(self, module: Module) -> ProbeRecord:
        record = super().attach(module)
        self._missing = record.missing
        lookup = module.chosen(LOOKUP)
        if lookup.kind != "kprobe" or record.reason is not None:
            return record
        why = Reason(code="kprobe-instead", names=[lookup.event, LOOKUP.event])
        return ProbeRecord.because(self.name, record.attached, why, missing=record.missing)

    def drain(self, module: Module, finished: int) -> Pages:
        """Take over finished windows; returns the pages that each cgroup inserted in them."""
        keys, counts = self._rows.drain(module, finished)
        for rows in self._by_cpu(module, finished):  # nothing is inserted in them
            self._rows.add(*rows)
        inserted: dict[int, int] = {}
        for cgroup, pages in zip(keys["cgroup"].tolist(), counts["inserted"].tolist(), strict=True):
            inserted[cgroup] = inserted.get(cgroup, 0) + pages
        return inserted

    def _by_cpu(self, module: Module, finished: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Take over what the CPUs have added up for themselves in finished windows, and empty their slots."""
        slots = module.table("look_ups")
        for window in range(max(self._next, finished - SLOTS), finished):
            cpus = slots.per_cpu(window % SLOTS, _LOOK_UPS)
            slots.update(window % SLOTS, np.zeros_like(cpus))
            cpus = cpus[cpus["tag"] != 0]
            keys, counts = np.zeros(len(cpus), _KEY), np.zeros(len(cpus), _COUNTS)
            keys["window"], keys["cgroup"] = cpus["tag"] - 1, cpus["cgroup"]
            counts["looked_up"], counts["missed"] = cpus["looked_up"], cpus["missed"]
            yield keys, counts
        self._next = max(self._next, finished)

    def ended(self, ending: Ending) -> dict[str, Any]:
        return {"cache": self._cache(ending.windows)}

    def _cache(self, windows: int) -> Cache:
        keys, counts = self._rows.until(windows)
        places = np.stack([keys["window"].astype("u8"), keys["cgroup"]])
        places, row = np.unique(places, axis=1, return_inverse=True)

        def column(name: str) -> list[int]:
            total = np.zeros(places.shape[1], "u8")
            np.add.at(total, row, counts[name])
            return total.tolist()

        def if_measured(name: str) -> list[int] | None:
            return None if f"cache.{name}" in self._missing else column(name)

        return Cache(
            window=places[0].tolist(),
            cgroup=places[1].tolist(),
            looked_up=if_measured("looked_up"),
            missed=if_measured("missed"),
            inserted=column("inserted"),
            dirtied=if_measured("dirtied"),
        )
