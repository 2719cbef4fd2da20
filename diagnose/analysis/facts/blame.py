"""Facts about the chain from missed reads to evictions (pure)."""

from __future__ import annotations

from diagnose.analysis.evictions import RECLAIM
from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.windows import CAUSES, Series
from diagnose.histogram import percentile
from diagnose.units import ratio


@fact("blame.reads", "reads", "series", "blame", "missed reads that waited for pages evicted during the capture")
def _(f: Facts, _n: str | None) -> Series | None:
    return f.windows.blamed(CAUSES)


@fact(
    "blame.missed_share",
    "ratio",
    "number",
    "blame",
    "share of missed reads that waited for pages evicted during the capture",
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.value("blame.reads")), total(f.value("reads.missed")))


@fact("blame.median_age", "s", "number", "blame", "median time from an eviction to the read that waited for the page")
def _(f: Facts, _n: str | None) -> float | None:
    ages = f.windows.blame_bins("age_ns")
    ns = percentile(ages, 0.5) if ages is not None else None
    return None if ns is None else ns / 1e9


@fact(
    "blame.by_self_share",
    "ratio",
    "number",
    "blame",
    "share of blamed reads that waited for pages the service itself evicted",
)
def _(f: Facts, _n: str | None) -> float | None:
    own = f.windows.blamed(RECLAIM, f.windows.service_ids)
    return ratio(total(own), total(f.value("blame.reads")))


@fact(
    "blame.proactive_share",
    "ratio",
    "number",
    "blame",
    "share of blamed reads that waited for pages proactive reclaim removed",
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.windows.blamed(("proactive",))), total(f.value("blame.reads")))


@fact(
    "blame.dropped_share", "ratio", "number", "blame", "share of blamed reads that waited for pages drop_caches removed"
)
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.windows.blamed(("drop-caches",))), total(f.value("blame.reads")))


@fact(
    "neighbour.blamed_reads",
    "reads",
    "series",
    "blame",
    "missed reads that waited for pages which its own tasks had removed; whose kswapd's are is not seen",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> Series | None:
    return f.windows.blamed(RECLAIM, f.ids(n))


@fact(
    "neighbour.blamed_share",
    "ratio",
    "number",
    "blame",
    "share of missed reads that waited for pages which its own tasks had removed",
    scope="neighbour",
)
def _(f: Facts, n: str | None) -> float | None:
    return ratio(total(f.value("neighbour.blamed_reads", n)), total(f.value("reads.missed")))
