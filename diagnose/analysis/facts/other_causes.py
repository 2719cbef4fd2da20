"""What else took the service's pages than what a finding is about, and by whom pages were dropped on purpose (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from diagnose.analysis.evictions import FOR_MEMORY, ON_PURPOSE
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.capture.base import Cause
from diagnose.units import ratio

NOTICEABLE = 0.05
"""Of the pages that the service lost, or of the time that its reads waited for them: below, a cause is not named."""
SLOW_SHARE, LEAST_SLOW_READS = "slow_share", "min_slow_reads"
"""The thresholds of a rule for what is trouble: the share of the reads of files that are slow, and how many are."""

Taker = Literal["pressure", "proactive", "drop-caches", "invalidate"]
_CAUSES: dict[Taker, tuple[Cause, ...]] = {
    "pressure": FOR_MEMORY,
    "proactive": ("proactive",),
    "drop-caches": ("drop-caches",),
    "invalidate": ("invalidate",),
}
_OF_FINDINGS: dict[str, tuple[Taker, ...]] = {
    "evictions.pressure_share": ("pressure",),
    "evictions.proactive_share": ("proactive",),
    "evictions.given_away_share": ("drop-caches", "invalidate"),
}
"""By what a finding accounts for: what it is about itself."""


@dataclass(frozen=True)
class Waits:
    """The reads that waited for evicted pages: how many, for how long, and their share of all reads of files."""

    reads: float
    seconds: float
    share_of_reads: float | None


@dataclass(frozen=True)
class WhenDropped:
    """In how many windows pages were dropped, and when first; None: in none."""

    first_seconds: float | None
    """After the beginning of the capture."""
    windows: int
    of_windows: int


@dataclass(frozen=True)
class ProactiveReclaim:
    """Who reclaims proactively, and how many pages that took on the whole host; None: that does not tell."""

    by: Literal["damon", "writes", "both", "not-measured"]
    """DAMON, or an agent that writes to memory.reclaim."""
    pages: float | None = None
    by_writes_pages: float | None = None


@dataclass(frozen=True)
class OtherCause:
    """What took a part of the pages that the service lost, and what waiting that made."""

    taker: Taker
    share: float
    """Of the pages that the service lost."""
    waits: Waits
    waited_share: float
    """Of the time that reads waited for evicted pages."""
    proactive: ProactiveReclaim | None = None
    """Of proactive reclaim alone: who it was."""
    by_self_share: float | None = None
    """Of pressure alone: what the service's own reclaim removed, of the pages that it lost."""

    def worth_naming(self, thresholds: Mapping[str, float]) -> bool:
        """Say whether it is beside a finding, by the thresholds of the finding's rule.

        So much of the loss or of the waiting is; and what alone makes as many reads wait as the rule calls trouble is
        trouble still when the rest has ended. A rule without such thresholds asks for the former alone.
        """
        slow_share = thresholds.get(SLOW_SHARE)
        stays = slow_share is not None and (self.waits.share_of_reads or 0.0) >= slow_share
        enough = self.waits.reads >= thresholds.get(LEAST_SLOW_READS, 0.0)
        return (stays and enough) or max(self.share, self.waited_share) >= NOTICEABLE


@dataclass(frozen=True)
class OtherCauses:
    """All that took pages of the service beside pressure on memory, whether worth naming or not."""

    causes: tuple[OtherCause, ...]
    waits_measured: bool
    """Whether it was seen for which pages reads waited."""
    kswapd_share: float
    """Of the pages that the service lost: whose pressure it was that kswapd met is an estimate."""


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


def other_causes(f: Facts, accounts_for: str | None, thresholds: Mapping[str, float]) -> tuple[OtherCause, ...]:
    """Return what is worth naming beside a finding, by what that accounts for and the thresholds of its rule.

    None of a finding that accounts for no share of the evictions.
    """
    if accounts_for not in _OF_FINDINGS:
        return ()
    return tuple(cause for cause in _beside(f, accounts_for) if cause.worth_naming(thresholds))


def _beside(f: Facts, accounts_for: str) -> Iterator[OtherCause]:
    """Yield each taker but those that a finding is about, by what that accounts for."""
    lost, of_all = total(f.value("evictions.of_service")), waits(f, None)[1]
    for taker, causes in _CAUSES.items():
        if taker in _OF_FINDINGS[accounts_for]:
            continue
        share = ratio(total(f.windows.evictions(causes, f.windows.service_ids)), lost) or 0.0
        waited = ratio(waits(f, causes)[1], of_all) or 0.0
        yield OtherCause(
            taker,
            share,
            _waits(f, causes),
            waited,
            proactive=f.value("evictions.proactive_by") if taker == "proactive" else None,
            by_self_share=f.number("evictions.by_self_share") if taker == "pressure" else None,
        )


def _waits(f: Facts, causes: Sequence[Cause]) -> Waits:
    reads, ns = waits(f, causes)
    return Waits(reads, ns / 1e9, ratio(reads, f.number("reads.file_count")))


@fact("evictions.besides", "", "text", "evictions")
def beside_pressure(f: Facts) -> OtherCauses | None:
    """What else than pressure on memory removed 5 % or more of the service's evicted pages, or made its reads wait."""
    if total(f.value("evictions.of_service")) is None:
        return None
    return OtherCauses(
        causes=tuple(_beside(f, "evictions.pressure_share")),
        waits_measured=f.windows.capture.blame is not None,
        kswapd_share=f.number("evictions.kswapd_share") or 0.0,
    )


@fact("blame.given_away_waits", "", "text", "blame")
def waits_for_dropped(f: Facts) -> Waits | None:
    """Which reads waited for pages that were dropped on purpose."""
    return None if f.windows.capture.blame is None else _waits(f, ON_PURPOSE)


@fact("evictions.given_away_when", "", "text", "evictions")
def when_dropped(f: Facts) -> WhenDropped | None:
    """When the service's pages were dropped on purpose."""
    pages = f.windows.evictions(ON_PURPOSE, f.windows.service_ids)
    if pages is None:
        return None
    windows = np.flatnonzero(pages > 0)
    first = float(windows[0]) * f.windows.seconds if windows.size else None
    return WhenDropped(first, int(windows.size), f.windows.count)


@fact("evictions.proactive_by", "", "text", "evictions")
def proactive_by(f: Facts) -> ProactiveReclaim | None:
    """Whether DAMON or writes to memory.reclaim took pages."""
    if not f.windows.probe_attached("evictions"):
        return None
    by_writes = f.windows.host_risen("vmstat.pgsteal_proactive")
    pages = total(f.windows.evictions(("proactive",), None))
    if by_writes is None or not pages:
        return ProactiveReclaim("not-measured")
    if by_writes < NOTICEABLE * pages:
        return ProactiveReclaim("damon", pages, by_writes)
    return ProactiveReclaim("writes" if by_writes >= (1 - NOTICEABLE) * pages else "both", pages, by_writes)
