"""Facts about evictions in words: who took the service's pages beside whom a finding names, when, and how (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagnose import units
from diagnose.analysis.facts.demand import Dropper, Droppers
from diagnose.analysis.facts.neighbour import EvictedByNeighbour
from diagnose.analysis.facts.other_causes import (
    NOTICEABLE,
    SLOW_SHARE,
    OtherCause,
    OtherCauses,
    ProactiveReclaim,
    Taker,
    Waits,
    WhenDropped,
)
from diagnose.escape import visible
from diagnose.report.model import Besides
from diagnose.report.wording.fact_registry import words, words_for_rule
from diagnose.report.wording.writer import Writer

_TAKERS: dict[Taker, str] = {
    "pressure": "reclaim for memory that somebody wanted",
    "proactive": "proactive reclaim",
    "drop-caches": "drop_caches",
    "invalidate": "fadvise or the like",
}


def other_causes_words(causes: Iterable[OtherCause], writer: Writer) -> list[Besides]:
    """Return who else took the service's pages than whom a finding names, each with what that did."""
    return [
        Besides(
            who=_TAKERS[cause.taker],
            says=_did(cause, writer),
            share=cause.waited_share if cause.waits.seconds else None,
        )
        for cause in causes
    ]


def _did(cause: OtherCause, writer: Writer) -> str:
    says = f"it removed {units.percent(cause.share)} of the pages that the service lost"
    if cause.waits.seconds:
        says += f", and {_waited_for(cause.waits)}"
    if cause.proactive is not None:
        says += f"; {proactive_reclaim(cause.proactive, writer)}"
    if cause.taker == "pressure":
        says += f"; the service's own reclaim removed {units.percent(cause.by_self_share)}"
    return says


def _waited_for(waits: Waits) -> str:
    return f"{_reads(waits)}, waited {units.duration(waits.seconds)} for these pages"


def _reads(waits: Waits) -> str:
    return f"{units.counted(waits.reads, 'reads')} of files, {units.percent(waits.share_of_reads)} of all"


@words_for_rule("evictions.besides")
def beside_pressure(others: OtherCauses, writer: Writer, thresholds: Mapping[str, float]) -> str:
    """Return what else than pressure on memory took pages of the service, as far as the rule calls it trouble."""
    named = [_removed(cause) for cause in others.causes if cause.worth_naming(thresholds)]
    text = f"besides, {' and '.join(named)}" if named else _nothing(others, thresholds)
    if others.kswapd_share < NOTICEABLE:
        return text
    share = units.percent(others.kswapd_share)
    return f"kswapd removed {share}, and for whom is an estimate, by who brought in how much; {text}"


def _removed(cause: OtherCause) -> str:
    text = f"{_TAKERS[cause.taker]} removed {units.percent(cause.share)}"
    if not cause.waits.seconds:
        return text
    waited = units.percent(cause.waited_share)
    return f"{text} ({_waited_for(cause.waits)}, {waited} of the time that reads waited for evicted pages)"


def _nothing(others: OtherCauses, thresholds: Mapping[str, float]) -> str:
    least = units.percent(NOTICEABLE)
    text = f"no other cause (proactive reclaim, drop_caches, fadvise) removed as much as {least}"
    if not others.waits_measured or SLOW_SHARE not in thresholds:
        return text
    return f"{text} or made {units.percent(thresholds[SLOW_SHARE])} of the reads wait"


@words("evictions.proactive_by")
def proactive_reclaim(reclaim: ProactiveReclaim, writer: Writer) -> str:
    """Return whether DAMON or an agent reclaims proactively."""
    if reclaim.by == "not-measured":
        return "it is DAMON, or an agent that writes to memory.reclaim; this capture does not tell which"
    who = {
        "damon": "the kernel's DAMON, not an agent that writes to memory.reclaim",
        "writes": "an agent that writes to memory.reclaim",
        "both": "both DAMON and an agent that writes to memory.reclaim",
    }[reclaim.by]
    taken = f"of {units.pages(reclaim.pages)} that it took on the host"
    return f"it is {who}: {taken}, {units.count(reclaim.by_writes_pages)} went by such writes"


@words("blame.given_away_waits")
def waits_for_dropped(waits: Waits, writer: Writer) -> str:
    """Return which reads waited for pages that were dropped on purpose."""
    return f"{_reads(waits)}, waited {units.duration(waits.seconds)}"


@words("evictions.given_away_when")
def when_dropped(when: WhenDropped, writer: Writer) -> str:
    """Return when pages of the service were dropped on purpose."""
    if when.first_seconds is None:
        return "at no time of the capture"
    first, windows = units.duration(when.first_seconds), units.counted(when.of_windows, "windows")
    return f"first {first} after the beginning, in {when.windows} of {windows}"


@words("evictions.droppers")
def droppers(droppers: Droppers, writer: Writer) -> str:
    """Return the commands that dropped pages, with their cgroups."""
    return ", ".join(_dropper(dropper, writer) for dropper in droppers.seen) or "a command that was not seen"


def _dropper(dropper: Dropper, writer: Writer) -> str:
    where = "a cgroup that is gone" if dropper.cgroup is None else writer.cgroup(dropper.cgroup)
    how = "by drop_caches" if dropper.by == "drop-caches" else "by fadvise or the like"
    return f"{visible(dropper.comm)} in {where} ({how})"


@words("neighbour.evicted_told")
def evicted_by_neighbour(evicted: EvictedByNeighbour, writer: Writer) -> str:
    """Return the pages of the service that a neighbour's reclaim removed, and how many of them are an estimate."""
    if not evicted.estimated_pages:
        return units.pages(evicted.pages)
    return (
        f"{units.pages(evicted.pages)}; of those kswapd removed {units.pages(evicted.estimated_pages)}, laid to it by "
        "its part of the inflow: an estimate"
    )
