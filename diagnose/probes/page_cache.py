"""Page-cache traffic by cgroup: bpf/page_cache.c.

Yields `Cache`: pages looked up, missed, inserted, dirtied, by window and cgroup of the acting task. Where the kernel
has no tracepoint mm_filemap_get_pages (before 6.12), a kprobe sees the look-ups; where it has no kprobes either, looked
up and missed are None. Dirtied is None where it has no writeback_dirty_folio.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.models import Cache, ProbeRecord
from diagnose.probes._bpf import Attachment, Module, attach_probe

_KEY = np.dtype([("cgroup", "u8"), ("window", "u4"), ("pad", "u4")])
_COUNTS = np.dtype([(n, "u8") for n in ("looked_up", "missed", "inserted", "dirtied")])


_LOOKED_UP = ("cache.looked_up", "cache.missed")


class PageCacheProbe:
    """Pages looked up, missed, inserted and dirtied, by cgroup."""

    name = "page-cache"
    lookup = Attachment("raw", "mm_filemap_get_pages", "on_lookup", _LOOKED_UP, ("address_space",))
    functions = tuple(
        Attachment("kprobe", function, "on_filemap_read", _LOOKED_UP, ("kiocb", "iov_iter"))
        for function in ("filemap_read", "generic_file_buffered_read")
    )
    """What buffered reads go through, for kernels without that tracepoint; the second was its name before 5.12."""
    attachments = (
        Attachment("raw", "mm_filemap_add_to_page_cache", "on_insert", arguments=("folio|page",)),
        lookup,
        Attachment("raw", "writeback_dirty_folio", "on_dirty", ("cache.dirtied",), ("folio",)),
    )

    def __init__(self, lookup: Attachment = lookup) -> None:
        """`lookup`: what sees look-ups here (`_fit.lookups`)."""
        self._lookup = lookup
        self._drained: list[tuple[NDArray[Any], NDArray[Any]]] = []
        self._missing: list[str] = []

    def attach(self, module: Module) -> ProbeRecord:
        insert, _, dirty = self.attachments
        record = attach_probe(module, self.name, (insert, self._lookup, dirty))
        self._missing = record.missing
        if self._lookup.kind != "kprobe" or record.reason is not None:
            return record
        how = f"look-ups by a kprobe on {self._lookup.event}: this kernel has no tracepoint {self.lookup.event}"
        return record.model_copy(update={"reason": how})

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
