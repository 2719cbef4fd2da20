"""Who removed the service's pages, and why: causes by what is behind them, and pages by who is (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from diagnose.analysis.windows import CAUSES, Series, Windows
from diagnose.capture.base import Cause, EvictedBy

RECLAIM: tuple[Literal["memcg-reclaim", "direct-reclaim"], ...] = ("memcg-reclaim", "direct-reclaim")
"""Reclaim by the task that needed memory: the evictor is the one who wanted the room. Where that is the service, it is
its own reclaim; so are stalls of its tasks for these causes."""
FOR_MEMORY: tuple[Cause, ...] = (*RECLAIM, "kswapd")
"""Because somebody needed memory, whoever that was."""
ON_PURPOSE: tuple[Cause, ...] = ("drop-caches", "invalidate")
"""By drop_caches, fadvise or the like."""
EVICTED: tuple[Cause, ...] = tuple(cause for cause in CAUSES if cause != "truncate")
"""What pushes a page out: not truncation nor unlink, by which it is thrown away."""


def evicted(windows: Windows) -> Series | None:
    """Return the service's evicted pages by window; None: not measured."""
    return windows.evictions(EVICTED, windows.service_ids)


def by_whom(windows: Windows) -> dict[EvictedBy, Series] | None:
    """Return the service's pages by window and by who is behind their removal; None: not measured."""
    if not windows.probe_attached("evictions"):
        return None
    service = windows.service_ids

    def pages(causes: Iterable[Cause], evictors: Iterable[int] | None = None) -> Series:
        return windows.evicted_pages(causes, service, evictors)

    own, unknown = pages(RECLAIM, service), pages(RECLAIM, [0])
    return {
        "neighbours": pages(RECLAIM) - own - unknown,
        "self": own,
        "kswapd": pages(["kswapd"]),
        "proactive": pages(["proactive"]),
        "dropped": pages(ON_PURPOSE),
        "unknown": unknown,
        "truncated": pages(["truncate"]),
    }


def by_the_service(windows: Windows) -> Series | None:
    """Return the pages by window that the service took from itself: by its own reclaim, or on purpose (fadvise)."""
    return windows.evictions((*RECLAIM, *ON_PURPOSE), windows.service_ids, windows.service_ids)
