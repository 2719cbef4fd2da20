"""Before against after: fixed, better, no change or worse, with the effect and its interval (pure).

The verdict rests on one figure, fixed before it is looked at: the share of the service's file reads that are slow, by
the threshold of the report, before and after alike. Percentiles and the rest are printed beside it and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from diagnose import units
from diagnose.analysis.statistics.interval import Difference, Estimate, Floats, cliff, difference, estimate, share_of
from diagnose.change.model import Figures
from diagnose.errors import CannotMeasureError

Verdict = Literal["fixed", "better", "no change", "worse"]

MIN_READS = 200
"""On either side; fewer say nothing about a share of slow ones."""
MOST_LOAD_RATIO = 3.0
"""Reads a second, after to before or before to after, up to which two captures are alike."""
IDLE_SHARE = 0.05
"""A contained neighbour that brings in less than this share of what it did was idle: nothing was put to the test."""
RELEVANT_CHANGE = 0.10
"""Of the share before: a smaller change is none, however certain."""
SMALLEST_SHARE = 0.001
"""The share before counts as at least this when a rise is judged, so that 1 slow read after 0 is not "worse"."""
FIXED_CHANGE = 0.75
"""Of the slow reads (by share) must be gone for "fixed", unless what is left makes no symptom any more."""


@dataclass(frozen=True)
class ServiceRecreated:
    """The service's cgroup is another one than in the report: it was restarted, and began with no cache."""


@dataclass(frozen=True)
class StoppedEarly:
    """The capture after the change was ended before its time."""

    windows: int
    requested_windows: int


Note = ServiceRecreated | StoppedEarly
"""What may be in the difference besides the change."""


@dataclass(frozen=True)
class Comparison:
    """The verdict and everything that it is made of."""

    verdict: Verdict
    before: Figures
    after: Figures
    slow_share: Difference
    p99_delta: Difference | None
    """Cliff's delta of the windows' p99, after against before, and its interval; None with too few windows."""
    load_ratio: float
    rule: str | None
    rule_still_fires: bool | None
    """None: the report had no finding, or the rule could not be judged afterwards."""
    healthy: bool
    """The diagnosis afterwards finds the service's reads healthy."""
    notes: tuple[Note, ...]

    @property
    def helped(self) -> bool:
        return self.verdict in ("fixed", "better")


def compare(
    before: Figures,
    after: Figures,
    rule: str | None,
    rule_still_fires: bool | None,
    *,
    healthy: bool = False,
    notes: tuple[Note, ...] = (),
) -> Comparison:
    """Judge; raises CannotMeasureError where like cannot be compared with like."""
    load_ratio = _load_ratio(before, after)
    _check_neighbours(before, after)
    then, now = _share(before), _share(after)
    if then is None or now is None:
        raise CannotMeasureError("too few windows to compare: measure at least 8 on either side (--duration)")
    effect = difference(then, now)
    return Comparison(
        verdict=_verdict(effect, then.value, rule_still_fires, healthy),
        before=before,
        after=after,
        slow_share=effect,
        p99_delta=_p99_delta(before, after),
        load_ratio=load_ratio,
        rule=rule,
        rule_still_fires=rule_still_fires,
        healthy=healthy,
        notes=notes,
    )


def _verdict(effect: Difference, before: float, rule_still_fires: bool | None, healthy: bool) -> Verdict:
    if effect.low > 0 and effect.value > RELEVANT_CHANGE * max(before, SMALLEST_SHARE):
        return "worse"
    if effect.high < 0 and -effect.value > RELEVANT_CHANGE * before:
        gone = healthy or -effect.value >= FIXED_CHANGE * before
        return "fixed" if gone and rule_still_fires is False else "better"
    return "no change"


def _load_ratio(before: Figures, after: Figures) -> float:
    for side, when in ((before, "before"), (after, "after")):
        if side.file_reads < MIN_READS:
            raise CannotMeasureError(
                f"only {units.count(side.file_reads)} file reads {when} the change ({MIN_READS} are needed): "
                "verify while the service is at work, or longer (--duration)"
            )
    ratio = (after.file_reads / after.seconds) / (before.file_reads / before.seconds)
    if not 1 / MOST_LOAD_RATIO <= ratio <= MOST_LOAD_RATIO:
        raise CannotMeasureError(
            f"the service reads {units.number(ratio)} times as often as before the change: two such captures are not "
            "alike; verify under a load like that of the report"
        )
    return ratio


def _check_neighbours(before: Figures, after: Figures) -> None:
    now = {n.cgroup: n.inserted_pages for n in after.neighbours}
    for neighbour in before.neighbours:
        then, current = neighbour.inserted_pages, now.get(neighbour.cgroup)
        if not then or current is None:
            continue
        if current / after.seconds < IDLE_SHARE * then / before.seconds:
            raise CannotMeasureError(
                f"{neighbour.cgroup} was hardly at work ({units.pages(current)} brought in, {units.pages(then)} before "
                "the change): this puts nothing to the test; verify while it works"
            )


def _share(side: Figures) -> Estimate | None:
    part, total = np.array(side.slow_reads_series, np.float64), np.array(side.file_reads_series, np.float64)
    return estimate(side.points, share_of(part, total))


def _p99_delta(before: Figures, after: Figures) -> Difference | None:
    then, now = _known(before), _known(after)
    first = estimate(len(then), lambda keep: cliff(then[keep], now))
    second = estimate(len(now), lambda keep: cliff(then, now[keep]))
    if first is None or second is None:
        return None
    nothing = Estimate(0.0, first.variance, first.blocks)
    spread = difference(nothing, second)
    return Difference(spread.value, max(spread.low, -1.0), min(spread.high, 1.0))


def _known(side: Figures) -> Floats:
    return np.array([v for v in side.p99_seconds_series if v is not None], np.float64)
