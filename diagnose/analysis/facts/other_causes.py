"""What else took the service's pages than what a finding names, in words (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from diagnose import units
from diagnose.analysis.evictions import FOR_MEMORY, ON_PURPOSE
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.capture.base import Cause
from diagnose.report.model import Besides
from diagnose.units import ratio

NOTICEABLE = 0.05
"""Of the pages that the service lost, or of the time that its reads waited for them: below, a cause is not named."""
FELT, LEAST_READS = 0.002, 20
"""Of its reads of files, and so many: what alone makes them wait stays a trouble when the rest has ended. As
slow_share and min_slow_reads of the rules."""
NOTHING = "no other cause (proactive reclaim, drop_caches, fadvise) removed as much as 5 %"
NOBODY_WAITED = " or made 0.2 % of the reads wait"

Taker = Literal["pressure", "proactive", "drop-caches", "invalidate"]
_CAUSES: dict[Taker, tuple[Cause, ...]] = {
    "pressure": FOR_MEMORY,
    "proactive": ("proactive",),
    "drop-caches": ("drop-caches",),
    "invalidate": ("invalidate",),
}
_NAMES: dict[Taker, str] = {
    "pressure": "reclaim for memory that somebody wanted",
    "proactive": "proactive reclaim",
    "drop-caches": "drop_caches",
    "invalidate": "fadvise or the like",
}
_OF_FINDINGS: dict[str, tuple[Taker, ...]] = {
    "evictions.pressure_share": ("pressure",),
    "evictions.proactive_share": ("proactive",),
    "evictions.given_away_share": ("drop-caches", "invalidate"),
}
"""By what a finding accounts for: what it is about itself."""


@dataclass(frozen=True)
class _Part:
    """What a taker did: its share of the lost pages, the reads that waited for its pages, their time, and its share."""

    taker: Taker
    share: float
    reads: float
    waited_ns: float
    waited: float
    of_reads: float
    """Of all reads of files."""


def waits(f: Facts, causes: Sequence[Cause] | None) -> tuple[float, float]:
    """Return the reads that waited for pages evicted for some causes (None: any), and the ns that they took."""
    found = f.windows.capture.blame
    rows = [
        (reads, ns)
        for reads, ns, cause in (
            zip(found.reads.reads, found.reads.total_ns, found.reads.cause, strict=True) if found else ()
        )
        if causes is None or cause in causes
    ]
    return float(sum(reads for reads, _ in rows)), float(sum(ns for _, ns in rows))


def _parts(f: Facts, finding: str) -> Iterator[_Part]:
    """Yield what is worth a name beside a finding, by what that accounts for."""
    lost, of_all, every = total(f.value("evictions.of_service")), waits(f, None)[1], f.number("reads.file_count")
    for taker, causes in _CAUSES.items():
        if taker in _OF_FINDINGS[finding]:
            continue
        share = ratio(total(f.windows.evictions(causes, f.windows.service_ids)), lost) or 0.0
        reads, waited_ns = waits(f, causes)
        part = _Part(taker, share, reads, waited_ns, ratio(waited_ns, of_all) or 0.0, ratio(reads, every) or 0.0)
        felt = part.of_reads >= FELT and reads >= LEAST_READS
        if felt or max(share, part.waited) >= NOTICEABLE:
            yield part


def besides(f: Facts, finding: str) -> dict[Taker, Besides]:
    """Return what is worth a name beside a finding that accounts for a share of the evictions, with what it did."""
    if finding not in _OF_FINDINGS:
        return {}
    return {part.taker: _besides(part, f) for part in _parts(f, finding)}


def _besides(part: _Part, f: Facts) -> Besides:
    says = f"it removed {units.percent(part.share)} of the pages that the service lost"
    if part.waited_ns:
        says += f", and {_reads(part)} waited {units.duration(part.waited_ns / 1e9)} for these pages"
    if part.taker == "proactive":
        says += f"; {f.text('evictions.proactive_by')}"
    if part.taker == "pressure":
        says += f"; the service's own reclaim removed {units.percent(f.number('evictions.by_self_share'))}"
    return Besides(who=_NAMES[part.taker], says=says, share=part.waited if part.waited_ns else None)


def _reads(part: _Part) -> str:
    return f"{units.counted(part.reads, 'reads')} of files, {units.percent(part.of_reads)} of all,"


def _told(part: _Part) -> str:
    told = f"{_NAMES[part.taker]} removed {units.percent(part.share)}"
    if not part.waited_ns:
        return told
    waited = f"{_reads(part)} waited {units.duration(part.waited_ns / 1e9)} for these pages"
    return f"{told} ({waited}, {units.percent(part.waited)} of the time that reads waited for evicted pages)"


@fact(
    "evictions.besides",
    "",
    "text",
    "evictions",
    "what else than pressure on memory removed 5 % or more of the service's evicted pages, or made its reads wait",
)
def _(f: Facts, _n: str | None) -> str | None:
    if total(f.value("evictions.of_service")) is None:
        return None
    told = [_told(part) for part in _parts(f, "evictions.pressure_share")]
    nothing = NOTHING if f.windows.capture.blame is None else NOTHING + NOBODY_WAITED
    return _estimated(f) + (f"besides, {' and '.join(told)}" if told else nothing)


def _estimated(f: Facts) -> str:
    """Say how much of the shares of neighbours and the service is no measurement: what kswapd took for everybody."""
    share = f.number("evictions.kswapd_share") or 0.0
    if share < NOTICEABLE:
        return ""
    return f"kswapd removed {units.percent(share)}, and for whom is an estimate, by who brought in how much; "


@fact("blame.given_away_waits", "", "text", "blame", "which reads waited for pages that were dropped on purpose")
def _(f: Facts, _n: str | None) -> str | None:
    if f.windows.capture.blame is None:
        return None
    reads, ns = waits(f, ON_PURPOSE)
    share = ratio(reads, f.number("reads.file_count"))
    return f"{units.counted(reads, 'reads')} of files, {units.percent(share)} of all, waited {units.duration(ns / 1e9)}"


@fact("evictions.given_away_when", "", "text", "evictions", "when the service's pages were dropped on purpose")
def _(f: Facts, _n: str | None) -> str | None:
    pages = f.windows.evictions(ON_PURPOSE, f.windows.service_ids)
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
