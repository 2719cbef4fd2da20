"""Gentler proactive reclaim: the age from which DAMON takes pages, out of when they were wanted again (pure).

Sources: Documentation/admin-guide/mm/damon/{usage,reclaim}.rst: age/min counts aggregation intervals, min_age is in µs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.other_causes import waits
from diagnose.capture.surroundings import DamonScheme
from diagnose.recommend.steps.reclaim_age import Age, ReuseTime, longer, reuse_time
from diagnose.recommend.steps.step import LessReclaimed, Step
from diagnose.rules.evaluate import Fired

ADMIN = "/sys/kernel/mm/damon/admin/kdamonds"
MODULE = "/sys/module/damon_reclaim/parameters"


@dataclass(frozen=True)
class ProactiveWaits:
    """The waits for pages that proactive reclaim took: the most that a gentler one can end."""

    reads: float
    seconds: float
    share: float | None
    """Of the time that reads waited for evicted pages; None: they did not wait."""


@dataclass(frozen=True, kw_only=True)
class GentlerReclaim(Step):
    """Let proactive reclaim take pages only after a longer time without an access."""

    age: Age
    gain: ProactiveWaits | None
    """None: not measured."""


@dataclass(frozen=True, kw_only=True)
class GentlerScheme(GentlerReclaim):
    """A scheme of DAMON, by its place below `ADMIN`."""

    kdamond: int
    context: int
    scheme: int
    action: str
    from_intervals: int
    to_intervals: int
    interval_seconds: float
    quota_bytes: int | None
    """What it may take in each `quota_interval_seconds`; None: as much as it likes, or that was not read."""
    quota_interval_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class GentlerModule(GentlerReclaim):
    """The kernel's module damon_reclaim."""

    from_us: int
    to_us: int


@dataclass(frozen=True, kw_only=True)
class FindReclaimer(Step):
    """See what reclaims: the capture has no scheme."""


def gentler_reclaim(fired: Fired, facts: Facts) -> list[Step]:
    """Return a step for each scheme of DAMON that takes pages; where none was read, how to see what does."""
    windows, reuse = facts.windows, reuse_time(facts)
    known = [s for s in windows.capture.damon if s.min_age is not None and s.aggregation_us]
    found: list[GentlerReclaim] = [_scheme(scheme, reuse) for scheme in known]
    if (age := windows.capture.host.settings.get("damon_reclaim.min_age")) is not None:
        found.append(_module(age, reuse))
    if not found:
        return [_find_reclaimer()]
    gain, risk = _gain(facts), LessReclaimed(host_room=facts.value("host.room"))
    return [replace(step, gain=gain, risk=risk) for step in found]


def _gain(facts: Facts) -> ProactiveWaits | None:
    if facts.windows.capture.blame is None:
        return None
    (reads, ns), (_, of_all) = waits(facts, ("proactive",)), waits(facts, None)
    return ProactiveWaits(reads, ns / 1e9, ns / of_all if of_all else None)


def _scheme(scheme: DamonScheme, reuse: ReuseTime) -> GentlerScheme:
    interval, before = (scheme.aggregation_us or 1) / 1e6, scheme.min_age or 0
    age = longer(before * interval, reuse)
    value = max(before + 1, _whole(age.to_seconds / interval))
    thread = f"{ADMIN}/{scheme.kdamond}"
    file = f"{thread}/contexts/{scheme.context}/schemes/{scheme.scheme}/access_pattern/age/min"
    commit = f"echo commit > {thread}/state"
    quota = bool(scheme.quota_bytes and scheme.quota_interval_ms)
    return GentlerScheme(
        kdamond=scheme.kdamond,
        context=scheme.context,
        scheme=scheme.scheme,
        action=scheme.action,
        from_intervals=before,
        to_intervals=value,
        interval_seconds=interval,
        quota_bytes=scheme.quota_bytes if quota else None,
        quota_interval_seconds=(scheme.quota_interval_ms or 0) / 1e3 if quota else None,
        age=age,
        gain=None,
        commands=(f"echo {value} > {file}", commit),
        undo=(f"echo {before} > {file}", commit),
    )


def _module(before_us: int, reuse: ReuseTime) -> GentlerModule:
    age = longer(before_us / 1e6, reuse)
    value, commit = _whole(age.to_seconds * 1e6), f"echo Y > {MODULE}/commit_inputs"
    return GentlerModule(
        from_us=before_us,
        to_us=value,
        age=age,
        gain=None,
        commands=(f"echo {value} > {MODULE}/min_age", commit),
        undo=(f"echo {before_us} > {MODULE}/min_age", commit),
    )


def _whole(count: float) -> int:
    """Return the next whole number; what arithmetic in fractions of a second leaves behind makes no step more."""
    return math.ceil(round(count, 6))


def _find_reclaimer() -> FindReclaimer:
    return FindReclaimer(
        commands=(
            f"grep -H . {MODULE}/enabled {MODULE}/min_age",
            f"grep -rH . {ADMIN}/*/contexts/*/schemes/*/access_pattern/age/ {ADMIN}/*/state",
            "systemctl list-units --all '*senpai*' '*damon*' '*oomd*'",
        )
    )
