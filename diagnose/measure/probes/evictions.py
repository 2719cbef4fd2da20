"""Who removes whose pages from the page cache, and why: bpf/evictions.c.

Yields `Evictions` (pages by window, evictor cgroup, victim cgroup and cause) and `Dropper` rows (the commands that
dropped or invalidated pages).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import Any, get_args

import numpy as np

from diagnose.capture.base import Cause
from diagnose.capture.tables import Dropper, Evictions
from diagnose.cgroups import is_within
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.maps import text
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.rows import Rows
from diagnose.measure.probes.run import Ending, Run

CAUSES: tuple[Cause, ...] = get_args(Cause)
_KEY = np.dtype([("evictor", "u8"), ("victim", "u8"), ("window", "u4"), ("cause", "u4")])
_PAGES = np.dtype([("pages", "u8")])
_DROPPER = np.dtype([("evictor", "u8"), ("cause", "u4"), ("comm", "S16"), ("pad", "u4")])


class EvictionsProbe(Probe):
    """Pages removed from the page cache, by evictor, victim and cause."""

    name = "evictions"
    attachments = (
        # The ends first: a thread must not be left marked as reclaiming.
        Attachment("raw", "mm_vmscan_memcg_reclaim_end", "on_reclaim_end"),
        Attachment("raw", "mm_vmscan_direct_reclaim_end", "on_reclaim_end"),
        Attachment("raw", "mm_vmscan_memcg_reclaim_begin", "on_memcg_reclaim_begin"),
        Attachment("raw", "mm_vmscan_direct_reclaim_begin", "on_direct_reclaim_begin"),
        Attachment("raw", "mm_filemap_delete_from_page_cache", "on_delete", arguments=("folio|page",)),
    )

    fills = ("evictions", "droppers")
    loops = True

    def __init__(self) -> None:
        self._rows = Rows("evictions", _KEY, _PAGES)
        self._by_pair: Counter[tuple[int, int]] = Counter()

    def drain(self, module: Module, finished: int) -> Pages:
        """Take over finished windows; returns the pages that each cgroup evicted or lost in them."""
        keys, pages = self._rows.drain(module, finished)
        moved: dict[int, int] = {}
        for side in ("evictor", "victim"):
            for cgroup, count in zip(keys[side].tolist(), pages["pages"].tolist(), strict=True):
                moved[cgroup] = moved.get(cgroup, 0) + count
        evicted = keys["cause"] != CAUSES.index("truncate")
        pairs = zip(keys["evictor"][evicted].tolist(), keys["victim"][evicted].tolist(), strict=True)
        for pair, count in zip(pairs, pages["pages"][evicted].tolist(), strict=True):
            self._by_pair[pair] += count
        return moved

    def progress(self, run: Run) -> dict[str, Any]:
        own = {cgroup for cgroup, path in run.paths.items() if is_within(path, run.service.cgroup)}
        by = self._of_victims(own)
        most = max(by, key=lambda evictor: by[evictor], default=None)
        if most is None:
            return {"evicted": {"pages": 0}}
        return {"evicted": {"pages": sum(by.values()), "most_by": run.paths.get(most), "most_pages": by[most]}}

    def _of_victims(self, victims: Set[int]) -> dict[int, int]:
        """Return the pages that each cgroup evicted from `victims` so far (truncated and unlinked ones left out)."""
        by: Counter[int] = Counter()
        for (evictor, victim), pages in self._by_pair.items():
            if victim in victims:
                by[evictor] += pages
        return dict(by)

    def ended(self, ending: Ending) -> dict[str, Any]:
        return {"evictions": self._evictions(ending.windows), "droppers": _droppers(ending.module)}

    def _evictions(self, windows: int) -> Evictions:
        keys, pages = self._rows.until(windows)
        return Evictions(
            window=keys["window"].tolist(),
            evictor=keys["evictor"].tolist(),
            victim=keys["victim"].tolist(),
            cause=[CAUSES[c] for c in keys["cause"]],
            pages=pages["pages"].tolist(),
        )


def _droppers(module: Module) -> list[Dropper]:
    """Return the commands that dropped or invalidated pages, or wrote to memory.reclaim, most pages first."""
    keys, pages = module.table("droppers").read(_DROPPER, _PAGES)
    order = sorted(range(len(keys)), key=lambda i: (-int(pages[i]["pages"]), keys[i].tobytes()))
    return [
        Dropper(
            cgroup=int(keys[i]["evictor"]),
            cause=CAUSES[int(keys[i]["cause"])],
            comm=text(keys[i]["comm"]),
            pages=int(pages[i]["pages"]),
        )
        for i in order
    ]
