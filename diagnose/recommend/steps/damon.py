"""Gentler proactive reclaim: the age from which DAMON takes pages, out of when they were wanted again (pure).

Sources: Documentation/admin-guide/mm/damon/{usage,reclaim}.rst: age/min counts aggregation intervals, min_age is in µs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.other_causes import waits
from diagnose.analysis.miss_ratio_curve import evicted_before, refaulted_pages
from diagnose.capture.surroundings import DamonScheme
from diagnose.histogram import percentile
from diagnose.report.model import Step
from diagnose.report.wording.facts import fact_words
from diagnose.report.wording.writer import Names
from diagnose.rules.evaluate import Fired

ADMIN = "/sys/kernel/mm/damon/admin/kdamonds"
MODULE = "/sys/module/damon_reclaim/parameters"
WANTED_SHARE = 0.9
LEAST_READS = 20
"""Of fewer reads no time to the next use is typical."""
SEEN_PART = 0.5
"""Times longer than this part of the capture are seen of its first evictions only, so that they look rarer."""


@dataclass(frozen=True)
class _Wanted:
    """Within how many seconds most pages that proactive reclaim took were wanted again; None: `why` it is not known."""

    after: float | None
    why: str = ""


def gentler_reclaim(fired: Fired, facts: Facts) -> list[Step]:
    """Return a step for each scheme of DAMON that takes pages; where none was read, how to see what does."""
    windows, wanted = facts.windows, _wanted(facts)
    room = fact_words(facts, "host.room", None, Names({}).writer())
    risk = f"Less is reclaimed on the whole host, whose memory fills up sooner; {room}."
    known = [s for s in windows.capture.damon if s.min_age is not None and s.aggregation_us]
    found = [_scheme(scheme, wanted) for scheme in known]
    if (age := windows.capture.host.settings.get("damon_reclaim.min_age")) is not None:
        found.append(_module(age, wanted))
    return [step.model_copy(update={"risk": risk, "gain": _gain(facts)}) for step in found] or [_look()]


def _gain(facts: Facts) -> str:
    """Say how much waiting there is for the change to end, which is the most that it can do."""
    if facts.windows.capture.blame is None:
        return "not measured: for whose evictions reads waited is not in this capture."
    (reads, ns), (_, of_all) = waits(facts, ("proactive",)), waits(facts, None)
    part = f", {units.percent(ns / of_all)} of the time that reads waited for evicted pages" if of_all else ""
    return (
        f"at most the waits of the {units.counted(reads, 'reads')} that missed pages which proactive "
        f"reclaim had taken during the capture ({units.duration(ns / 1e9)}{part}); how many of them end was not "
        "measured."
    )


def _wanted(facts: Facts) -> _Wanted:
    """Return within what time nine in ten reads of pages that proactive reclaim had taken came, where that was seen.

    Ages are known of all evicted pages together, so they are proactive reclaim's only where nearly all pages are.
    """
    windows = facts.windows
    blame, proactive = windows.capture.blame, windows.blamed(("proactive",))
    share = facts.number("blame.proactive_share")
    if blame is None or proactive is None or share is None or proactive.sum() < LEAST_READS:
        return _Wanted(None, "too few reads waited for pages that it took to tell how much longer is enough")
    if share < WANTED_SHARE:
        return _Wanted(
            None,
            f"only {units.percent(share)} of the reads that waited for evicted pages waited for those that it took, "
            "and after what time these came was not measured apart from the others",
        )
    refaulted, before = refaulted_pages(windows), evicted_before(windows)
    if refaulted is not None and before is not None and before > (1 - WANTED_SHARE) * refaulted:
        return _Wanted(
            None,
            f"{units.count(before)} of the {units.count(refaulted)} pages that came back had been evicted "
            "before the capture began, so it is too short to tell after what time pages are wanted again",
        )
    ages = windows.blame_bins("age_ns")
    ns = None if ages is None else percentile(ages, WANTED_SHARE)
    if ns is None or ns / 1e9 > SEEN_PART * windows.length:
        return _Wanted(None, "the capture is too short to tell after what time pages are wanted again")
    return _Wanted(ns / 1e9)


def _longer(seconds: float, wanted: _Wanted) -> tuple[float, str]:
    """Return the age that would have spared the pages wanted soonest, or one to try, and the arithmetic in words."""
    if wanted.after is None:
        return 2 * seconds, (
            f"twice {units.duration(seconds)} is a first try, after which to measure again, and no measured value: "
            f"{wanted.why}"
        )
    return seconds + wanted.after, (
        f"{units.duration(seconds)} now, and nine in ten of the reads that waited for a page which proactive reclaim "
        f"had taken came within {units.duration(wanted.after)} of its eviction: no less than "
        f"{units.duration(seconds + wanted.after)}"
    )


def _whole(count: float) -> int:
    """Return the next whole number; what arithmetic in fractions of a second leaves behind makes no step more."""
    return math.ceil(round(count, 6))


def _to_try(wanted: _Wanted) -> str:
    return "" if wanted.after is not None else " This is a first try: which age is enough this capture cannot tell."


def _scheme(scheme: DamonScheme, wanted: _Wanted) -> Step:
    interval, age = (scheme.aggregation_us or 1) / 1e6, scheme.min_age or 0
    seconds, line = _longer(age * interval, wanted)
    value = max(age + 1, _whole(seconds / interval))
    thread = f"{ADMIN}/{scheme.kdamond}"
    file = f"{thread}/contexts/{scheme.context}/schemes/{scheme.scheme}/access_pattern/age/min"
    commit = f"echo commit > {thread}/state"
    quota = ""
    if scheme.quota_bytes and scheme.quota_interval_ms:
        quota = f"; it may take {units.size(scheme.quota_bytes)} every {units.duration(scheme.quota_interval_ms / 1e3)}"
    return Step(
        says=f"have DAMON (scheme {scheme.kdamond}/{scheme.context}/{scheme.scheme}, {scheme.action}) take pages only "
        f"after {units.count(value)} intervals of {units.duration(interval)} without an access instead of "
        f"{units.count(age)}, {units.duration(value * interval)} instead of {units.duration(age * interval)}."
        f"{_to_try(wanted)}",
        arithmetic=[f"{line}, in whole intervals of {units.duration(interval)}: {value}{quota}"],
        commands=[f"echo {value} > {file}", commit],
        undo=[f"echo {age} > {file}", commit],
    )


def _module(age_us: int, wanted: _Wanted) -> Step:
    seconds, line = _longer(age_us / 1e6, wanted)
    value = _whole(seconds * 1e6)
    commit = f"echo Y > {MODULE}/commit_inputs"
    return Step(
        says=f"have damon_reclaim take pages only after {units.duration(value / 1e6)} without an access instead of "
        f"{units.duration(age_us / 1e6)} (min_age).{_to_try(wanted)}",
        arithmetic=[line],
        commands=[f"echo {value} > {MODULE}/min_age", commit],
        undo=[f"echo {age_us} > {MODULE}/min_age", commit],
    )


def _look() -> Step:
    return Step(
        says="see what reclaims and from which age on, which is not in this capture, then make that age longer.",
        commands=[
            f"grep -H . {MODULE}/enabled {MODULE}/min_age",
            f"grep -rH . {ADMIN}/*/contexts/*/schemes/*/access_pattern/age/ {ADMIN}/*/state",
            "systemctl list-units --all '*senpai*' '*damon*' '*oomd*'",
        ],
    )
