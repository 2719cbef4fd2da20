"""From which age on proactive reclaim should take pages: out of the time until they were read again (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts import Facts
from diagnose.analysis.miss_ratio_curve import evicted_before, refaulted_pages
from diagnose.histogram import percentile

WANTED_SHARE = 0.9
LEAST_READS = 20
"""Of fewer reads no time to the next use is typical."""
SEEN_PART = 0.5
"""Times longer than this part of the capture are seen of its first evictions only, so that they look rarer."""


@dataclass(frozen=True)
class TooFewReads:
    """Hardly any read waited for a page that proactive reclaim took."""


@dataclass(frozen=True)
class MostlyOthers:
    """Ages are measured of all evicted pages together, and most of them others took."""

    share: float
    """Of the reads that waited for evicted pages: those that waited for pages which proactive reclaim took."""


@dataclass(frozen=True)
class EvictedBefore:
    """Many pages that came back had been evicted before the capture began: it is too short."""

    pages: float
    refaulted_pages: float


@dataclass(frozen=True)
class CaptureTooShort:
    """The time is not known, or so long that the capture saw it of its first evictions only."""


NotKnown = TooFewReads | MostlyOthers | EvictedBefore | CaptureTooShort
ReuseTime = float | NotKnown
"""Seconds within which `WANTED_SHARE` of the pages that proactive reclaim took were read again; or why not known."""


@dataclass(frozen=True)
class Age:
    """From `from_seconds` without an access to `to_seconds`."""

    from_seconds: float
    to_seconds: float
    reuse: ReuseTime
    """Seconds that were added; not known: `to_seconds` is twice as long, a first try."""

    @property
    def first_try(self) -> bool:
        return not isinstance(self.reuse, float)


def longer(seconds: float, reuse: ReuseTime) -> Age:
    """Return the age that would have spared the pages wanted soonest; where that is not known, one to try."""
    return Age(seconds, seconds + reuse if isinstance(reuse, float) else 2 * seconds, reuse)


def reuse_time(facts: Facts) -> ReuseTime:
    """Return within what time nine in ten reads of pages that proactive reclaim had taken came, where that was seen.

    Ages are known of all evicted pages together, so they are proactive reclaim's only where nearly all pages are.
    """
    windows = facts.windows
    blame, proactive = windows.capture.blame, windows.blamed(("proactive",))
    share = facts.number("blame.proactive_share")
    if blame is None or proactive is None or share is None or proactive.sum() < LEAST_READS:
        return TooFewReads()
    if share < WANTED_SHARE:
        return MostlyOthers(share)
    refaulted, before = refaulted_pages(windows), evicted_before(windows)
    if refaulted is not None and before is not None and before > (1 - WANTED_SHARE) * refaulted:
        return EvictedBefore(before, refaulted)
    ages = windows.blame_bins("age_ns")
    ns = None if ages is None else percentile(ages, WANTED_SHARE)
    if ns is None or ns / 1e9 > SEEN_PART * windows.length:
        return CaptureTooShort()
    return float(ns / 1e9)
