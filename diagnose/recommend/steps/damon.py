"""Gentler proactive reclaim: the age from which DAMON takes pages, out of when they were wanted again (pure).

Sources: Documentation/admin-guide/mm/damon/{usage,reclaim}.rst: age/min counts aggregation intervals, min_age is in µs.
"""

from __future__ import annotations

import math

import numpy as np

from diagnose import units
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.histogram import BINS, percentile
from diagnose.models import DamonScheme, Step

ADMIN = "/sys/kernel/mm/damon/admin/kdamonds"
MODULE = "/sys/module/damon_reclaim/parameters"
WANTED_SHARE = 0.9
LEAST_READS = 20
"""Of fewer reads no time to the next use is typical."""


def gentler_reclaim(fired: Fired, facts: Facts) -> list[Step]:
    """Return a step for each scheme of DAMON that takes pages; where none was read, how to see what does."""
    windows, after = facts.windows, _wanted_after(facts)
    risk = f"Less is reclaimed on the whole host, whose memory fills up sooner; {facts.text('host.room')}."
    known = [s for s in windows.capture.damon if s.min_age is not None and s.aggregation_us]
    found = [_scheme(scheme, after) for scheme in known]
    if (age := windows.capture.host.settings.get("damon_reclaim.min_age")) is not None:
        found.append(_module(age, after))
    return [step.model_copy(update={"risk": risk}) for step in found] or [_look()]


def _wanted_after(facts: Facts) -> float | None:
    """Return the seconds after their eviction within which nine in ten reads of evicted pages came; None: too few."""
    blame = facts.windows.capture.blame
    if blame is None or sum(blame.age_ns.count) < LEAST_READS:
        return None
    counts = np.zeros(BINS, np.int64)
    np.add.at(counts, np.asarray(blame.age_ns.bin, np.int64), np.asarray(blame.age_ns.count, np.int64))
    ns = percentile(counts, WANTED_SHARE)
    return None if ns is None else ns / 1e9


def _longer(seconds: float, after: float | None) -> tuple[float, str]:
    """Return the age that would have spared the pages wanted soonest, and the arithmetic in words."""
    if after is None:
        return 2 * seconds, f"twice {units.duration(seconds)}: too few reads waited to tell how much longer is enough"
    return seconds + after, (
        f"{units.duration(seconds)} now, and nine in ten of the reads that waited for an evicted page came within "
        f"{units.duration(after)} of its eviction: no less than {units.duration(seconds + after)}"
    )


def _scheme(scheme: DamonScheme, after: float | None) -> Step:
    interval, age = (scheme.aggregation_us or 1) / 1e6, scheme.min_age or 0
    seconds, line = _longer(age * interval, after)
    value = max(age + 1, math.ceil(seconds / interval))
    thread = f"{ADMIN}/{scheme.kdamond}"
    file = f"{thread}/contexts/{scheme.context}/schemes/{scheme.scheme}/access_pattern/age/min"
    commit = f"echo commit > {thread}/state"
    quota = ""
    if scheme.quota_bytes and scheme.quota_interval_ms:
        quota = f"; it may take {units.size(scheme.quota_bytes)} every {units.duration(scheme.quota_interval_ms / 1e3)}"
    return Step(
        says=f"have DAMON (scheme {scheme.kdamond}/{scheme.context}/{scheme.scheme}, {scheme.action}) take pages only "
        f"after {units.count(value)} intervals of {units.duration(interval)} without an access instead of "
        f"{units.count(age)}, {units.duration(value * interval)} instead of {units.duration(age * interval)}.",
        arithmetic=[f"{line}, in whole intervals of {units.duration(interval)}: {value}{quota}"],
        commands=[f"echo {value} > {file}", commit],
        undo=[f"echo {age} > {file}", commit],
    )


def _module(age_us: int, after: float | None) -> Step:
    seconds, line = _longer(age_us / 1e6, after)
    value = math.ceil(seconds * 1e6)
    commit = f"echo Y > {MODULE}/commit_inputs"
    return Step(
        says=f"have damon_reclaim take pages only after {units.duration(value / 1e6)} without an access instead of "
        f"{units.duration(age_us / 1e6)} (min_age).",
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
