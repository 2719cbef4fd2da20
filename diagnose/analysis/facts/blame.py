"""Facts about the chain from missed reads to evictions (pure)."""

from __future__ import annotations

from diagnose.analysis.evictions import RECLAIM
from diagnose.analysis.facts.vocabulary import Facts, fact, neighbour_fact, total
from diagnose.analysis.windows import CAUSES, Series
from diagnose.histogram import percentile
from diagnose.units import ratio


@fact("blame.reads", "reads", "series", "blame")
def blamed_reads(f: Facts) -> Series | None:
    """Missed reads that waited for pages evicted during the capture."""
    return f.windows.blamed(CAUSES)


@fact("blame.missed_share", "ratio", "number", "blame")
def blamed_share(f: Facts) -> float | None:
    """Share of missed reads that waited for pages evicted during the capture."""
    return ratio(total(f.value("blame.reads")), total(f.value("reads.missed")))


@fact("blame.median_age", "s", "number", "blame")
def median_age(f: Facts) -> float | None:
    """Median time from an eviction to the read that waited for the page."""
    ages = f.windows.blame_bins("age_ns")
    ns = percentile(ages, 0.5) if ages is not None else None
    return None if ns is None else ns / 1e9


@fact("blame.by_self_share", "ratio", "number", "blame")
def by_self_share(f: Facts) -> float | None:
    """Share of blamed reads that waited for pages the service itself evicted."""
    own = f.windows.blamed(RECLAIM, f.windows.service_ids)
    return ratio(total(own), total(f.value("blame.reads")))


@fact("blame.proactive_share", "ratio", "number", "blame")
def proactive_share(f: Facts) -> float | None:
    """Share of blamed reads that waited for pages proactive reclaim removed."""
    return ratio(total(f.windows.blamed(("proactive",))), total(f.value("blame.reads")))


@fact("blame.dropped_share", "ratio", "number", "blame")
def dropped_share(f: Facts) -> float | None:
    """Share of blamed reads that waited for pages drop_caches removed."""
    return ratio(total(f.windows.blamed(("drop-caches",))), total(f.value("blame.reads")))


@neighbour_fact("neighbour.blamed_reads", "reads", "series", "blame")
def neighbour_blamed_reads(f: Facts, neighbour: str) -> Series | None:
    """Missed reads that waited for pages which its own tasks had removed; whose kswapd's are is not seen."""
    return f.windows.blamed(RECLAIM, f.ids(neighbour))


@neighbour_fact("neighbour.blamed_share", "ratio", "number", "blame")
def neighbour_blamed_share(f: Facts, neighbour: str) -> float | None:
    """Share of missed reads that waited for pages which its own tasks had removed."""
    return ratio(total(f.value("neighbour.blamed_reads", neighbour)), total(f.value("reads.missed")))
