"""What else took the service's pages than the reclaim of neighbours and its own, in words (pure)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnose import units
from diagnose.facts.vocabulary import Facts, fact, ratio, total
from diagnose.models import Besides, Cause

NOTICEABLE = 0.05
"""Of the pages that the service lost, or of the time that its reads waited for them: below, a cause is not named."""
NOTHING = "no other cause (proactive reclaim, drop_caches, fadvise) made as much as 5 %"
_NAMES: dict[Cause, str] = {
    "proactive": "proactive reclaim",
    "drop-caches": "drop_caches",
    "invalidate": "fadvise or the like",
}


def _waited_ns(f: Facts, cause: Cause | None) -> float:
    """Return the time in reads that waited for evicted pages, of one cause or of all."""
    found = f.windows.capture.blame
    if found is None:
        return 0.0
    return float(sum(ns for ns, c in zip(found.reads.total_ns, found.reads.cause, strict=True) if cause in (None, c)))


def _parts(f: Facts) -> Iterator[tuple[Cause, float, float, float]]:
    """Yield the causes that are worth a name: share of the lost pages, ns in reads for them, share of all such ns."""
    lost = total(f.value("evictions.of_service"))
    for cause in _NAMES:
        share = ratio(total(f.windows.evictions((cause,), f.windows.service_ids)), lost) or 0.0
        waited_ns = _waited_ns(f, cause)
        waited = ratio(waited_ns, _waited_ns(f, None)) or 0.0
        if max(share, waited) >= NOTICEABLE:
            yield cause, share, waited_ns, waited


def besides(f: Facts) -> dict[Cause, Besides]:
    """Return the causes that are worth a name beside pressure on memory, with what each did."""
    found = {}
    for cause, share, waited_ns, waited in _parts(f):
        waits = f", and reads waited {units.duration(waited_ns / 1e9)} for these pages" if waited_ns else ""
        says = f"it removed {units.percent(share)} of the pages that the service lost{waits}"
        if cause == "proactive":
            says += f"; {f.text('evictions.proactive_by')}"
        found[cause] = Besides(who=_NAMES[cause], says=says, share=waited if waited_ns else None)
    return found


def _told(cause: Cause, share: float, waited_ns: float, waited: float) -> str:
    told = f"{_NAMES[cause]} removed {units.percent(share)}"
    if not waited_ns:
        return told
    waits = f"reads waited {units.duration(waited_ns / 1e9)} for these pages"
    return f"{told} ({waits}, {units.percent(waited)} of the time that reads waited for evicted pages)"


@fact(
    "evictions.besides",
    "",
    "text",
    "evictions",
    "what else removed 5 % or more of the service's evicted pages, or made its reads wait as much",
)
def _(f: Facts, _n: str | None) -> str | None:
    if total(f.value("evictions.of_service")) is None:
        return None
    told = [_told(*part) for part in _parts(f)]
    return f"besides, {' and '.join(told)}" if told else NOTHING


@fact("evictions.given_away_when", "", "text", "evictions", "when the service's pages were dropped on purpose")
def _(f: Facts, _n: str | None) -> str | None:
    pages = f.windows.evictions(("drop-caches", "invalidate"), f.windows.service_ids)
    if pages is None:
        return None
    windows = np.flatnonzero(pages > 0)
    if not windows.size:
        return "at no time of the capture"
    first = units.duration(float(windows[0]) * f.windows.seconds)
    return f"first {first} after the beginning, in {windows.size} of {units.counted(f.windows.count, 'windows')}"


@fact("evictions.proactive_by", "", "text", "evictions", "whether DAMON or writes to memory.reclaim took pages")
def _(f: Facts, _n: str | None) -> str | None:
    if not f.windows.probe_attached("evictions"):
        return None
    by_writes = total(f.windows.host_increase("vmstat.pgsteal_proactive"))
    pages = total(f.windows.evictions(("proactive",), None))
    if by_writes is None or not pages:
        return "it is DAMON, or an agent that writes to memory.reclaim; this capture does not tell which"
    counted = f"of {units.pages(pages)} that it took on the host, {units.count(by_writes)} went by such writes"
    if by_writes < NOTICEABLE * pages:
        return f"it is the kernel's DAMON, not an agent that writes to memory.reclaim: {counted}"
    if by_writes >= (1 - NOTICEABLE) * pages:
        return f"it is an agent that writes to memory.reclaim: {counted}"
    return f"it is both DAMON and an agent that writes to memory.reclaim: {counted}"
