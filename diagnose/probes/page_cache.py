"""Page-cache traffic by cgroup: bpf/page_cache.c.

Yields `Cache`: pages looked up, missed, inserted, dirtied, by window and cgroup of the acting task. Looked up and
missed are None where the kernel has no mm_filemap_get_pages (before 6.12), dirtied where it has no
writeback_dirty_folio.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.models import Cache, ProbeRecord
from diagnose.probes._bpf import Attachment, Module, attach_probe

_KEY = np.dtype([("cgroup", "u8"), ("window", "u4"), ("pad", "u4")])
_COUNTS = np.dtype([(n, "u8") for n in ("looked_up", "missed", "inserted", "dirtied")])


class PageCacheProbe:
    """Pages looked up, missed, inserted and dirtied, by cgroup."""

    name = "page-cache"
    attachments = (
        Attachment("raw", "mm_filemap_add_to_page_cache", "on_insert"),
        Attachment("raw", "mm_filemap_get_pages", "on_lookup", ("cache.looked_up", "cache.missed")),
        Attachment("raw", "writeback_dirty_folio", "on_dirty", ("cache.dirtied",)),
    )

    def __init__(self) -> None:
        self._drained: list[tuple[NDArray[Any], NDArray[Any]]] = []
        self._missing: list[str] = []

    def attach(self, module: Module) -> ProbeRecord:
        record = attach_probe(module, self.name, self.attachments)
        self._missing = record.missing
        return record

    def drain(self, module: Module, finished: int) -> dict[int, int]:
        """Take over finished windows; returns the pages that each cgroup inserted in them."""
        keys, counts = module.table("cache").drain(_KEY, _COUNTS, finished)
        self._drained.append((keys, counts))
        inserted: dict[int, int] = {}
        for cgroup, pages in zip(keys["cgroup"].tolist(), counts["inserted"].tolist(), strict=True):
            inserted[cgroup] = inserted.get(cgroup, 0) + pages
        return inserted

    def table(self, windows: int) -> Cache:
        keys = np.concatenate([k for k, _ in self._drained] or [np.zeros(0, _KEY)])
        counts = np.concatenate([c for _, c in self._drained] or [np.zeros(0, _COUNTS)])
        keep = keys["window"] < windows
        keys, counts = keys[keep], counts[keep]
        order = np.lexsort((keys["cgroup"], keys["window"]))

        def column(name: str) -> list[int] | None:
            return None if f"cache.{name}" in self._missing else counts[name][order].tolist()

        return Cache(
            window=keys["window"][order].tolist(),
            cgroup=keys["cgroup"][order].tolist(),
            looked_up=column("looked_up"),
            missed=column("missed"),
            inserted=counts["inserted"][order].tolist(),
            dirtied=column("dirtied"),
        )
